"""Steps that show what there is in another way, and those that copy it."""
import torch

from catalogue_pointwise import ref, step
from values import NAME_OF

# ---- views ------------------------------------------------------------------------------------------


def factored(g, n):
    """A shape of n elements."""
    if n == 0:
        return g.choice([[0], [0, 2], [3, 0], [1, 0, 2]])
    shape = []
    rest = n
    for p in (2, 3, 5, 7):
        while rest % p == 0 and g.chance(0.7):
            shape.append(p)
            rest //= p
    shape.append(rest)
    g.random.shuffle(shape)
    return shape


def reshape(g):
    x = g.pick()
    if x is None:
        return None
    t = g.value(x)
    shape = factored(g, t.numel())
    if t.numel() > 0 and g.chance(0.3):
        shape[g.integer(0, len(shape) - 1)] = -1
    name = g.choice(["reshape", "view"])
    return step(f"Tensor.{name}", ref(x), *(shape if g.chance(0.3) else [shape]))


def turned(g):
    x = g.pick()
    if x is None:
        return None
    order = list(range(len(g.shape(x))))
    g.random.shuffle(order)
    name = g.choice(["permute", "transpose", "swapaxes", "movedim", "t", "mT", "T"])
    if name == "permute":
        return step("Tensor.permute", ref(x), order)
    if name in ("t", "T", "mT"):
        return step(f"Tensor.{name}", ref(x)) if (name == "mT") <= (len(order) >= 2) and len(order) == 2 or name == "mT" else None
    return step(f"Tensor.{name}", ref(x), g.dim(x), g.dim(x))


def sized(g):
    x = g.pick()
    if x is None:
        return None
    name = g.choice(["squeeze", "squeeze_dim", "unsqueeze", "flatten", "unflatten", "ravel"])
    if name in ("squeeze", "ravel"):
        return step(f"Tensor.{name}", ref(x))
    if name == "squeeze_dim":
        return step("Tensor.squeeze", ref(x), g.dim(x))
    if name == "unsqueeze":
        ndim = len(g.shape(x))
        return step("Tensor.unsqueeze", ref(x), g.integer(-ndim - 1, ndim))
    if name == "flatten":
        return step("Tensor.flatten", ref(x), *([g.dim(x), -1] if g.chance(0.5) else []))
    if not g.shape(x):
        return None
    dim = g.dim(x)
    size = g.shape(x)[dim]
    return step("Tensor.unflatten", ref(x), dim, factored(g, size) if size > 0 else [0, 2])


def narrowed(g):
    x = g.pick(lambda t: t.ndim > 0)
    if x is None:
        return None
    dim = g.dim(x)
    size = g.shape(x)[dim]
    draw = g.random.random()
    if draw < 0.35:
        return step("Tensor.select", ref(x), dim, g.integer(-size, size - 1)) if size > 0 else None
    if draw < 0.7:
        start = g.integer(0, size)
        return step("Tensor.narrow", ref(x), dim, start, g.integer(0, size - start))
    length = g.integer(0, min(size, 3))
    return step("Tensor.unfold", ref(x), dim, length, g.integer(1, 2))


def diagonal(g):
    x = g.pick(lambda t: t.ndim >= 2)
    if x is None:
        return None
    return step("Tensor.diagonal", ref(x), g.integer(-2, 2), *([g.dim(x), g.dim(x)] if g.chance(0.4) else []))


def as_strided(g):
    x = g.pick(lambda t: t.is_contiguous() and t.numel() > 0 and t.storage_offset() == 0)
    if x is None:
        return None
    n = g.value(x).numel()
    shape = [g.integer(1, 3) for _ in range(g.integer(1, 2))]
    strides = [g.integer(0, 3) for _ in shape]
    offset = g.integer(0, 2)
    if offset + sum((s - 1) * k for s, k in zip(shape, strides)) >= n:
        return None
    return step("Tensor.as_strided", ref(x), shape, strides, offset)


def expand(g):
    x = g.pick()
    if x is None:
        return None
    shape = [g.integer(1, 3) if s == 1 else s for s in g.shape(x)]
    return step("Tensor.expand", ref(x), [g.integer(1, 3) for _ in range(g.integer(0, 1))] + shape)


def parts(g):
    x = g.pick(lambda t: t.ndim > 0)
    if x is None:
        return None
    dim = g.dim(x)
    size = g.shape(x)[dim]
    name = g.choice(["unbind", "split", "chunk", "tensor_split", "split_sizes"])
    if name == "unbind":
        return step("Tensor.unbind", ref(x), dim, outs=min(size, 3)) if size > 0 else None
    if name == "split":
        each = g.integer(1, 3)
        return step("Tensor.split", ref(x), each, dim, outs=min(3, max(1, -(-size // each))))
    if name == "split_sizes":
        first = g.integer(0, size)
        return step("Tensor.split", ref(x), [first, size - first], dim, outs=2)
    count = g.integer(1, 3)
    if name == "chunk":
        # torch may give fewer.
        return step("Tensor.chunk", ref(x), count, dim, outs=len(g.value(x).chunk(count, dim)))
    return step("Tensor.tensor_split", ref(x), count, dim, outs=count)


def entry(g, size):
    """One entry of an index over `size` places."""
    draw = g.random.random()
    if draw < 0.3 and size > 0:
        return g.integer(-size, size - 1)
    if draw < 0.85:
        bound = lambda: g.integer(-size - 1, size + 1) if g.chance(0.7) else None  # noqa: E731
        return {"$slice": [bound(), bound(), g.choice([None, None, 1, 2])]}
    return {"$slice": [None, None, None]}


def view_index(g, shape):
    index = [entry(g, size) for size in shape[: g.integer(1, len(shape))]]
    if g.chance(0.2):
        index.insert(g.integer(0, len(index)), None)
    if g.chance(0.15):
        index.insert(0 if g.chance(0.5) else len(index), {"$ellipsis": True})
    return index


def indexed_view(g):
    x = g.pick(lambda t: t.ndim > 0)
    return None if x is None else step("Tensor.__getitem__", ref(x), view_index(g, g.shape(x)))


def like_shape(g):
    x = g.pick()
    if x is None:
        return None
    t = g.value(x)
    y = g.pick(lambda o: o.numel() == t.numel())
    return None if y is None else step(f"Tensor.{g.choice(['view_as', 'reshape_as', 'expand_as'])}", ref(x), ref(y))


# ---- copies -----------------------------------------------------------------------------------------


def copied(g):
    x = g.pick()
    if x is None:
        return None
    ndim = len(g.shape(x))
    name = g.choice(["clone", "contiguous", "repeat", "tile", "flip", "roll", "rot90", "repeat_interleave", "tril", "triu", "diag",
                     "diag_embed", "diagflat"])  # fmt: skip
    if name in ("clone", "contiguous", "diagflat"):
        return step(f"Tensor.{name}", ref(x))
    if name in ("repeat", "tile"):
        return step(f"Tensor.{name}", ref(x), [g.integer(0, 2) if g.chance(0.2) else g.integer(1, 2) for _ in range(ndim + g.integer(0, 1))])
    if name == "flip":
        return step("Tensor.flip", ref(x), [d for d in range(ndim) if g.chance(0.5)])
    if name == "roll":
        return step("Tensor.roll", ref(x), g.integer(-3, 3), *([g.dim(x)] if ndim > 0 and g.chance(0.7) else []))
    if name == "rot90":
        return step("Tensor.rot90", ref(x), g.integer(-1, 3), g.random.sample(range(ndim), 2)) if ndim >= 2 else None
    if name == "repeat_interleave":
        return step("Tensor.repeat_interleave", ref(x), g.integer(0, 3), *([g.dim(x)] if g.chance(0.6) else []))
    return step(f"Tensor.{name}", ref(x), g.integer(-1, 1))


def to_dtype(g):
    x = g.pick()
    if x is None:
        return None
    t = g.value(x)
    names = [NAME_OF[t.dtype], "float32", "bool"] + (["float64"] if g.profile == "float64" else ["float16", "bfloat16"] if g.profile == "half" else [])
    # What lies outside a whole dtype's range is not defined.
    if not t.is_floating_point() or (torch.isfinite(t).all() and t.numel() > 0 and t.abs().max() < 1e6):
        names += ["int64", "int32"]
        if t.numel() > 0 and t.min() >= 0 and t.max() < 256:
            names += ["uint8"]
    dtype = g.choice(names)
    return step("Tensor.to", ref(x), {"$dtype": dtype})


def joined(g):
    x = g.pick()
    if x is None:
        return None
    t = g.value(x)
    name = g.choice(["cat", "cat", "stack", "stack", "hstack", "vstack", "block_diag"])
    if name == "cat":
        if t.ndim == 0:
            return None
        dim = g.dim(x)

        def fits(o):
            return o.ndim == t.ndim and all(a == b for i, (a, b) in enumerate(zip(o.shape, t.shape)) if i != dim % t.ndim)

        others = [g.pick(fits, lambda: g.like(x, g.shape(x))) for _ in range(g.integer(0, 2))]
        return step("cat", [ref(x), *map(ref, others)], dim)
    others = [g.pick(lambda o: o.shape == t.shape, lambda: g.like(x, g.shape(x))) for _ in range(g.integer(0, 2))]
    tensors = [ref(x), *map(ref, others)]
    if name == "block_diag":
        return step(name, *tensors)
    return step(name, tensors, g.integer(-t.ndim - 1, t.ndim)) if name == "stack" else step(name, tensors)


def scattered_view(g):
    x = g.pick(lambda t: t.ndim > 0)
    if x is None:
        return None
    dim = g.integer(0, len(g.shape(x)) - 1)
    shape = g.shape(x)
    size = shape[dim]
    if g.chance(0.5):
        if size == 0:
            return None
        source = g.like(x, shape[:dim] + shape[dim + 1 :])
        return step("Tensor.select_scatter", ref(x), ref(source), dim, g.integer(-size, size - 1))
    start, end = sorted([g.integer(0, size), g.integer(0, size)])
    source = g.like(x, [*shape[:dim], end - start, *shape[dim + 1 :]])
    return step("Tensor.slice_scatter", ref(x), ref(source), dim, start, end, 1)


VIEWS = [reshape, turned, sized, narrowed, narrowed, diagonal, as_strided, expand, parts, indexed_view, indexed_view, like_shape]
COPIES = [copied, copied, to_dtype, joined, joined, scattered_view]
