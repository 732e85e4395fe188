"""Steps that gather, reduce, multiply and sort, those that write over what they are given, and those on the graph."""
import torch

from catalogue_pointwise import ref, step
from catalogue_views import copied, entry, view_index
from values import NAME_OF

# ---- reading and writing by index -------------------------------------------------------------------


def bad(g, bound):
    """Mostly `bound`, now and then one too many: what torch refuses when it sees the data."""
    return bound + 1 if g.chance(0.03) else bound


def advanced_index(g, shape):
    """Index tensors, lists and numbers; a mask now and then."""
    if g.chance(0.15):
        return [ref(g.fresh(shape[: g.integer(1, len(shape))], "bool"))]
    # Not without dimensions: torch reads such an index at once and gives a view.
    common = [g.integer(1, 3) for _ in range(g.integer(1, 2))]
    index = []
    for size in shape[: g.integer(1, len(shape))]:
        draw = g.random.random()
        if draw < 0.6 and size > 0:
            these = [s if g.chance(0.8) else 1 for s in common]
            index.append(ref(g.indices(these, bad(g, size), "int64", g.chance(0.3))))
        elif draw < 0.7 and size > 0:
            index.append({"$list": [g.integer(-size, size - 1) for _ in range(common[-1] if common else 1)]})
        else:
            index.append(entry(g, size))
    return index


def indexed(g):
    x = g.pick(lambda t: t.ndim > 0)
    if x is None:
        return None
    shape = g.shape(x)
    dim = g.dim(x)
    size = shape[dim]
    name = g.choice(["getitem", "getitem", "gather", "index_select", "take", "take_along_dim", "masked_select", "masked_fill", "scatter_reduce"])
    if name == "getitem":
        return step("Tensor.__getitem__", ref(x), advanced_index(g, shape))
    if name == "index_select":
        return step("Tensor.index_select", ref(x), dim, ref(g.indices([g.integer(0, 3)], bad(g, size), g.choice(["int64", "int32"]))))
    if name == "take":
        return step("Tensor.take", ref(x), ref(g.indices(g.any_shape(0, 2), bad(g, g.value(x).numel()), negative=g.chance(0.3))))
    if name == "masked_select":
        return step("Tensor.masked_select", ref(x), ref(g.fresh([s for s in shape if g.chance(1)], "bool")))
    if name == "masked_fill":
        return step("Tensor.masked_fill", ref(x), ref(g.fresh(shape[g.integer(0, len(shape)) :], "bool")), g.scalar(g.value(x).dtype))
    places = [g.integer(0, s) if s > 0 and g.chance(0.3) else s for s in shape]
    places[dim] = g.integer(0, 3)
    index = ref(g.indices(places, bad(g, size)))
    if name == "scatter_reduce":
        how = g.choice(["sum", "prod", "mean", "amax", "amin"])
        kwargs = {} if g.chance(0.6) else {"include_self": False}
        return step("Tensor.scatter_reduce", ref(x), dim, index, ref(g.like(x, places)), how, **kwargs)
    if name == "take_along_dim":
        places = [1 if i != dim % len(shape) and g.chance(0.2) else s for i, s in enumerate(shape)]
        places[dim] = g.integer(0, 3)
        return step("Tensor.take_along_dim", ref(x), ref(g.indices(places, bad(g, size))), dim)
    return step(f"Tensor.{name}", ref(x), dim, index)


def written(g):
    """Writes by index, into values and views."""
    x = g.pick(lambda t: t.ndim > 0)
    if x is None:
        return None
    shape = g.shape(x)
    dim = g.dim(x)
    size = shape[dim]
    suffix = "_" if g.chance(0.7) else ""
    name = g.choice(["setitem", "setitem", "setitem", "scatter", "scatter_add", "index_add", "index_copy", "index_fill", "masked_fill",
                     "masked_scatter", "index_put", "put"])  # fmt: skip
    if name == "setitem":
        index = view_index(g, shape) if g.chance(0.5) else advanced_index(g, shape)
        value = g.scalar(g.value(x).dtype) if g.chance(0.5) else g.partner(x) if g.chance(0.4) else ref(g.like(x, []))
        return step("Tensor.__setitem__", ref(x), index, value, outs=0)
    if name in ("masked_fill", "masked_scatter"):
        mask = ref(g.fresh(shape, "bool"))
        value = g.scalar(g.value(x).dtype) if name == "masked_fill" else ref(g.like(x, shape))
        return step(f"Tensor.{name}{suffix}", ref(x), mask, value)
    if name == "index_put":
        places = [g.integer(0, 3)]
        index = [ref(g.indices(places, bad(g, s))) for s in shape[: g.integer(1, len(shape))]]
        source = ref(g.like(x, [*places, *shape[len(index) :]] if g.chance(0.7) else []))
        return step(f"Tensor.index_put{suffix}", ref(x), index, source, g.chance(0.5))
    if name == "put":
        n = g.value(x).numel()
        places = g.any_shape(0, 2)
        index = g.indices(places, bad(g, n))
        return step(f"Tensor.put{suffix}", ref(x), ref(index), ref(g.like(x, g.shape(index))), g.chance(0.5))
    if name.startswith("index"):
        index = g.indices([g.integer(0, 3)], bad(g, size))
        source = [*shape]
        source[dim] = g.shape(index)[0]
        if name == "index_fill":
            return step(f"Tensor.index_fill{suffix}", ref(x), dim, ref(index), g.scalar(g.value(x).dtype))
        kwargs = {"alpha": 2} if name == "index_add" and g.chance(0.3) else {}
        if name == "index_copy" and len(set(g.value(index).tolist())) < g.shape(index)[0]:
            return None
        return step(f"Tensor.{name}{suffix}", ref(x), dim, ref(index), ref(g.like(x, source)), **kwargs)
    places = [g.integer(0, s) if s > 0 and g.chance(0.3) else s for s in shape]
    places[dim] = 1 if name == "scatter" else g.integer(0, 3)
    index = g.indices(places, bad(g, size))
    source = g.like(x, g.shape(index)) if name == "scatter_add" or g.chance(0.6) else None
    return step(f"Tensor.{name}{suffix}", ref(x), dim, ref(index), g.scalar(g.value(x).dtype) if source is None else ref(source))


def filled(g):
    x = g.pick()
    if x is None:
        return None
    draw = g.random.random()
    if draw < 0.35:
        return step("Tensor.fill_", ref(x), g.scalar(g.value(x).dtype))
    if draw < 0.5:
        return step("Tensor.zero_", ref(x))
    other = g.partner(x)
    return step("Tensor.copy_", ref(x), other) if isinstance(other, dict) else None


# ---- reductions -------------------------------------------------------------------------------------


def dims_of(g, x):
    ndim = len(g.shape(x))
    if ndim > 1 and g.chance(0.3):
        return g.random.sample(range(ndim), g.integer(1, ndim))
    return g.dim(x)


def reduced(g):
    x = g.pick()
    if x is None:
        return None
    name = g.choice(["sum", "mean", "prod", "amax", "amin", "any", "all", "count_nonzero", "nansum", "nanmean", "logsumexp"])
    if name in ("mean", "logsumexp", "nanmean", "amax", "amin") and g.chance(0.8):
        x = g.real()
    keepdim = {"keepdim": True} if g.chance(0.3) and name != "count_nonzero" else {}
    if name in ("prod", "any", "all"):
        return step(f"Tensor.{name}", ref(x), g.dim(x), **keepdim) if g.chance(0.6) else step(f"Tensor.{name}", ref(x))
    if name == "logsumexp" or g.chance(0.6):
        return step(f"Tensor.{name}", ref(x), dims_of(g, x), **keepdim)
    return step(f"Tensor.{name}", ref(x))


def spread(g):
    x = g.real()
    name = g.choice(["var", "std", "norm", "norm", "var_mean", "std_mean"])
    keepdim = {"keepdim": True} if g.chance(0.3) else {}
    if name == "norm":
        p = g.choice([1, 2, 2, 3, 0, *([{"$float": "inf"}, {"$float": "-inf"}] if g.value(x).numel() > 0 else [])])
        return step("Tensor.norm", ref(x), p, dims_of(g, x), **keepdim) if g.chance(0.6) else step("Tensor.norm", ref(x), p)
    if name.endswith("_mean"):
        return step(name, ref(x), dims_of(g, x), unbiased=g.chance(0.5), outs=2, **keepdim)
    if g.chance(0.5):
        return step(f"Tensor.{name}", ref(x), dims_of(g, x), unbiased=g.chance(0.5), **keepdim)
    return step(f"Tensor.{name}", ref(x))


def extremum(g):
    x = g.pick()
    if x is None:
        return None
    name = g.choice(["max", "min", "argmax", "argmin", "median", "aminmax"])
    keepdim = {"keepdim": True} if g.chance(0.3) else {}
    if name == "aminmax":
        return step("aminmax", ref(x), dim=g.dim(x), outs=2, **keepdim)
    if name == "median" and g.value(x).numel() == 0:
        return None
    if name == "median" and has_ties(g.value(x)):
        return step("Tensor.median", ref(x))
    if g.chance(0.4):
        return step(f"Tensor.{name}", ref(x))
    return step(f"Tensor.{name}", ref(x), g.dim(x), outs=1 if name.startswith("arg") else 2, **keepdim)


def scanned(g):
    x = g.pick()
    if x is None:
        return None
    name = g.choice(["cumsum", "cumprod", "cummax", "cummin", "logcumsumexp", "diff", "cumsum_", "cumprod_"])
    if name == "logcumsumexp":
        x = g.real()
    return step(f"Tensor.{name}", ref(x), *([1] if name == "diff" else []), g.dim(x), outs=2 if name in ("cummax", "cummin") else 1)


# ---- products ---------------------------------------------------------------------------------------


def product(g):
    name = g.choice(["matmul", "matmul", "mm", "bmm", "mv", "dot", "outer", "inner", "kron"])
    dims = {"mm": 2, "bmm": 3, "mv": 2, "dot": 1, "outer": 1}.get(name)
    a = g.real(dims or 1, dims or 3) if g.chance(0.9) else g.pick(lambda t: t.ndim == (dims or 2))
    if a is None:
        return None
    shape = g.shape(a)
    inner = shape[-1]
    wanted = {"mm": [inner, g.size()], "bmm": [shape[0], inner, g.size()], "mv": [inner], "dot": [inner], "outer": [g.size()]}.get(name)
    if name == "matmul":
        wanted = g.choice([[inner], [inner, g.size()], [g.integer(1, 2), inner, g.size()]])
    if name == "inner":
        wanted = [g.size(), inner]
    if name == "kron":
        wanted = [2] * len(shape)
    dtype = g.value(a).dtype
    b = g.pick(lambda t: list(t.shape) == wanted and t.dtype == dtype, lambda: g.like(a, wanted))
    return step(f"Tensor.{name}", ref(a), ref(b))


def product_added(g):
    name = g.choice(["addmm", "addmv", "addr", "baddbmm", "addbmm"])
    m, k, n, b = (g.integer(0, 3) if g.chance(0.1) else g.integer(1, 4) for _ in range(4))
    shapes = {"addmm": ([m, n], [m, k], [k, n]), "addmv": ([m], [m, k], [k]), "addr": ([m, n], [m], [n]),
              "baddbmm": ([b, m, n], [b, m, k], [b, k, n]), "addbmm": ([m, n], [b, m, k], [b, k, n])}[name]  # fmt: skip
    dtype = g.choice(["float32"] if g.profile == "float32" else [g.profile if g.profile == "float64" else "float32"])
    find = lambda shape: g.pick(lambda t: list(t.shape) == shape and NAME_OF[t.dtype] == dtype, lambda: g.fresh(shape, dtype))  # noqa: E731
    kwargs = {key: g.choice([0.5, 2, -1]) for key in ("beta", "alpha") if g.chance(0.3)}
    first = shapes[0] if g.chance(0.8) else shapes[0][-1:]
    return step(f"Tensor.{name}{'_' if g.chance(0.15) else ''}", ref(find(first)), ref(find(shapes[1])), ref(find(shapes[2])), **kwargs)


def contracted(g):
    a = g.real(2, 2)
    m, k = g.shape(a)
    b = g.like(a, [k, g.size()])
    draw = g.random.random()
    if draw < 0.4:
        return step("einsum", g.choice(["ij,jk->ik", "ij,jk->ki", "ij,jk->i", "ij,jk->"]), ref(a), ref(b))
    if draw < 0.55:
        return step("tensordot", ref(a), ref(b), 1)
    if draw < 0.7:
        return step("Tensor.trace", ref(a))
    if draw < 0.85:
        return step("cdist", ref(a), ref(g.like(a, [g.integer(1, 3), k])))
    return step("linalg.cross", ref(g.like(a, [m, 3])), ref(g.like(a, [m, 3])))


def square_matrix(g):
    n = g.integer(1, 4)
    x = g.pick(lambda t: t.is_floating_point() and t.ndim >= 2 and t.shape[-1] == t.shape[-2] and t.dtype not in (torch.float16, torch.bfloat16),
               lambda: g.fresh([n, n], "float64" if g.profile == "float64" else "float32"))
    name = g.choice(["det", "inverse", "matrix_power", "logdet"])
    if name == "matrix_power":
        return step("Tensor.matrix_power", ref(x), g.integer(0, 3))
    return step(f"Tensor.{name}", ref(x))


# ---- sorting ----------------------------------------------------------------------------------------


def has_nan(t):
    return t.is_floating_point() and bool(t.isnan().any())


def has_ties(t):
    """Which of equals comes first is not defined."""
    return t.double().unique().numel() < t.numel() or has_nan(t)


def sorted_values(g):
    x = g.pick(lambda t: t.ndim > 0)
    if x is None:
        return None
    t = g.value(x)
    dim = g.dim(x)
    name = g.choice(["sort", "argsort", "topk", "kthvalue", "msort", "unique", "nonzero", "mode"])
    if name == "sort":
        return step("Tensor.sort", ref(x), stable=True, dim=dim, descending=g.chance(0.4), outs=2)
    if name == "argsort":
        return None if has_ties(t) else step("Tensor.argsort", ref(x), dim, g.chance(0.4))
    if name in ("topk", "kthvalue"):
        size = t.shape[dim]
        outs = 1 if has_ties(t) else 2
        if name == "kthvalue":
            return step("Tensor.kthvalue", ref(x), g.integer(1, size), dim, outs=outs) if size > 0 else None
        return step("Tensor.topk", ref(x), g.integer(0, size), dim, g.chance(0.6), outs=outs)
    if name == "msort":
        return step("Tensor.msort", ref(x))
    if name == "mode":
        return None if t.shape[dim] == 0 else step("Tensor.mode", ref(x), dim)
    if name == "nonzero":
        return step("Tensor.nonzero", ref(x))
    # There is no gradient of it, though torch lets results ask for one; and no order among NaN.
    return None if t.requires_grad or has_nan(t) else step("Tensor.unique", ref(x))


# ---- the graph --------------------------------------------------------------------------------------


def graph(g):
    x = g.pick()
    if x is None:
        return None
    name = g.choice(["detach", "detach", "requires_grad_", "retain_grad", "no_grad", "backward", "zero_grad", "get_grad"])
    if name in ("detach", "requires_grad_"):
        return step(f"Tensor.{name}", ref(x))
    if name == "retain_grad":
        return step("Tensor.retain_grad", ref(x), outs=0) if g.value(x).requires_grad else None
    if name == "no_grad":
        made = g.choice([w for w in (written, filled, *UNDER_NO_GRAD)])(g)
        return None if made is None or made["fn"] in ("Tensor.masked_select", "Tensor.nonzero") else {**made, "no_grad": True}
    leaf = g.value(x).is_leaf and g.value(x).requires_grad
    if name == "zero_grad":
        return step("zero_grad", ref(x), outs=0) if leaf else None
    if name == "get_grad":
        return step("get_grad", ref(x)) if leaf and g.value(x).grad is not None else None
    if not g.value(x).requires_grad:
        return None
    return step("backward", ref(x), g.direction(x), retain_graph=True, outs=0)


INDEXING = [indexed]
WRITES = [written, written, filled]
REDUCTIONS = [reduced, reduced, spread, extremum, scanned]
PRODUCTS = [product, product, product_added, contracted, square_matrix]
SORTS = [sorted_values]
GRAPH = [graph]
# Not views: torch says of them that they are leaves which ask for a gradient.
UNDER_NO_GRAD = [reduced, copied, product]
