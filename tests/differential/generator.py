"""Draws programs: steps of the catalogue on values that the program has, with torch itself telling shapes, dtypes and what it
refuses. Steps whose result rounding decides are left out."""
import random

import torch

from catalogue import EXACT, FAMILIES
from interpreter import Trio, Unstable, execute, is_usable, writes
from values import NAME_OF, encode, refs_of

FLOATING = {
    "float32": ["float32"],
    "float64": ["float64", "float64", "float32"],
    "half": ["float16", "bfloat16", "float32"],
}
INTEGERS = ["int64", "int64", "int32", "bool", "uint8"]
PRODUCTS_IN_PLACE = [f"Tensor.{name}_" for name in ("addmm", "addmv", "addr", "baddbmm", "addbmm")]
# What a step in place may be refused for once it has looked at the data.
FOUND_IN_DATA = ("ZeroDivisionError", "out of range", "out of bounds", "shape mismatch: value tensor")
PRODUCTS = tuple(f"Tensor.{name}" for name in ("inner", "outer", "dot", "matmul", "mm", "bmm", "mv")) + ("tensordot", "nn.functional.linear", "einsum")
NEEDING_MATRICES = ("Tensor.tril", "Tensor.triu")
# What passes over dimensions where there are no elements.
ALONG_UNCHECKED = tuple(f"Tensor.{name}" for name in ("cummax", "cummin", "roll", "flip", "cumsum", "cumprod", "logcumsumexp"))
# What is accepted or refused in another way where there are no elements.
EMPTY_OTHERWISE = ("nn.functional.adaptive_avg_pool2d", "nn.functional.adaptive_avg_pool1d", "Tensor.scatter_reduce", "Tensor.pow")
MARGINS = ("nn.functional.multi_margin_loss", "nn.functional.multilabel_margin_loss")
NORMS = tuple(f"nn.functional.{name}_norm" for name in ("layer", "group", "batch", "instance"))
CONVOLUTIONS = tuple(f"nn.functional.conv{name}" for name in ("1d", "2d", "_transpose1d", "_transpose2d"))
SOFTMAXES = ("Tensor.softmax", "Tensor.log_softmax", *(f"nn.functional.{name}" for name in ("softmax", "log_softmax", "softmin")))
ELIMINATING = ("Tensor.det", "Tensor.logdet", "Tensor.inverse")
SPREADS = ("Tensor.var", "Tensor.std", "var_mean", "std_mean")
LOGICAL = tuple(f"Tensor.{name}" for name in ("logical_not", "logical_and", "logical_or", "logical_xor", "eq", "ne", "gt", "ge", "lt", "le"))
REFUSED_KEPT = 0.4
MUTATED = 0.06
# A value may not grow beyond this many elements.
LARGEST = 600
LARGE = 60_000


class Program:
    """A program that grows, and what the catalogue asks of it."""

    def __init__(self, seed):
        self.seed = seed
        self.random = random.Random(seed)
        draw = self.random.random()
        self.profile = "float32" if draw < 0.72 else "float64" if draw < 0.9 else "half"
        self.large = self.random.random() < 0.02
        self.inputs = {}
        self.steps = []
        self.trio = Trio({}, seed)
        self.names = []
        self.count = 0
        self.ended = False
        self.unguarded = set()

    # ---- choices ----------------------------------------------------------------------------------

    def chance(self, p):
        return self.random.random() < p

    def choice(self, items):
        return self.random.choice(items)

    def integer(self, low, high):
        return self.random.randint(low, high)

    def value(self, name):
        return self.trio.exact.values[name]

    def shape(self, name):
        return list(self.value(name).shape)

    def size(self):
        if self.large:
            return self.choice([1, 3, 17, 40, 130, 300])
        return self.choice([0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 7]) if self.chance(0.97) else self.choice([16, 17, 33, 64])

    def any_shape(self, least=0, most=4):
        dims = self.choice([d for d in (0, 1, 1, 2, 2, 2, 3, 3, 4) if least <= d <= most])
        while True:
            shape = [self.size() for _ in range(dims)]
            n = 1
            for s in shape:
                n *= s
            if n <= (LARGE if self.large else 80):
                return shape

    def dim(self, name):
        ndim = len(self.shape(name))
        return self.integer(-ndim, ndim - 1) if ndim > 0 else self.choice([0, -1])

    def scalar(self, dtype=None):
        if dtype == torch.uint8:
            # To torch a negative number is one of 255.
            return self.integer(0, 4)
        whole = dtype is not None and not dtype.is_floating_point and self.chance(0.8)
        return self.integer(-3, 4) if whole or self.chance(0.4) else self.choice([0.5, -1.5, 2.25, 0.1, -0.75, 1.7])

    # ---- values -----------------------------------------------------------------------------------

    def fresh(self, shape, dtype=None, grad=None, low=None, high=None):
        """A new input; `low` and `high` bound whole numbers (high included)."""
        r = self.random
        dtype = dtype or (self.choice(FLOATING[self.profile]) if self.chance(0.75) else self.choice(INTEGERS))
        n = 1
        for s in shape:
            n *= s
        if dtype == "bool":
            data = [r.random() < 0.5 for _ in range(n)]
        elif "int" in dtype:
            a, b = (low, high) if low is not None else (0, 9) if dtype == "uint8" else (-5, 9)
            data = [r.randint(a, b) for _ in range(n)]
        elif r.random() < 0.35:
            # Ties, zeros and halves.
            data = [r.choice([-2, -1.5, -1, -0.5, 0, 0, 0.5, 1, 1, 2]) for _ in range(n)]
        else:
            scale = r.choice([1, 1, 1, 3, 0.1])
            data = [r.gauss(0, scale) for _ in range(n)]
            if r.random() < 0.03 and n > 0:
                data[r.randrange(n)] = r.choice([float("nan"), float("inf"), float("-inf"), -0.0])
        name = f"x{len(self.inputs)}"
        recorded = encode(torch.tensor(data, dtype=getattr(torch, dtype)).reshape(shape))
        if "float" in dtype and (self.chance(0.5) if grad is None else grad):
            recorded["grad"] = True
        self.inputs[name] = recorded
        self.trio.add_input(name, recorded)
        self.names.append(name)
        return name

    def pick(self, fits=lambda t: True, fresh=None):
        """The name of a value that fits, late ones first; else what `fresh` makes."""
        if fresh is not None and (not self.names or self.chance(0.12)):
            return fresh()
        if not self.names:
            self.fresh(self.any_shape())
        for _ in range(8):
            at = len(self.names) - 1 - int(abs(self.random.gauss(0, 4)))
            name = self.names[at] if at >= 0 else self.choice(self.names)
            if fits(self.value(name)):
                return name
        return fresh() if fresh is not None else None

    def real(self, least=0, most=9):
        """A floating-point value of so many dimensions."""
        return self.pick(
            lambda t: t.is_floating_point() and least <= t.ndim <= most,
            lambda: self.fresh(self.any_shape(least, min(most, 4)), self.choice(FLOATING[self.profile])),
        )

    def like(self, name, shape, grad=None):
        """A new input of that shape and the dtype of `name`."""
        return self.fresh(shape, NAME_OF[self.value(name).dtype], grad)

    def partner(self, name):
        """Something that broadcasts with `name`: a value, a new input, or a number."""
        t = self.value(name)
        if self.chance(0.15):
            return self.scalar(t.dtype)

        def fits(other):
            pairs = zip(reversed(other.shape), reversed(t.shape))
            return all(a == b or a == 1 or b == 1 for a, b in pairs) and (other.dtype == t.dtype or self.chance(0.3))

        def make():
            shape = [1 if self.chance(0.2) else s for s in t.shape]
            shape = shape[self.integer(0, len(shape)) :] if self.chance(0.25) else shape
            return self.fresh(shape, NAME_OF[t.dtype] if self.chance(0.75) else None)

        return ref(self.pick(fits, make))

    def direction(self, name):
        """A new input to go back from `name` with. Nothing else uses it: torch's gradients may be its memory."""
        direction = self.like(name, self.shape(name), False)
        self.names.remove(direction)
        return ref(direction)

    def indices(self, shape, bound, dtype="int64", negative=False):
        """An input of indices below `bound`."""
        if bound == 0:
            shape = [0 if i == 0 else s for i, s in enumerate(shape)] or [0]
        return self.fresh(shape, dtype, False, -bound if negative and bound > 0 else 0, max(bound - 1, 0))

    # ---- growing ----------------------------------------------------------------------------------

    def grow(self):
        """Tries one more step."""
        family = self.random.choices(FAMILIES, [weight for weight, _ in FAMILIES])[0][1]
        step = self.choice(family)(self)
        if step is None:
            return
        if self.chance(MUTATED):
            step = self.mutated(step)
        self.add(step)

    def mutated(self, step):
        """The step with one argument that may not fit."""
        args = list(step["args"])
        at = self.integer(0, len(args) - 1) if args else 0
        if not args:
            return step
        if isinstance(args[at], dict) and "$ref" in args[at]:
            args[at] = ref(self.choice(self.names))
        elif isinstance(args[at], list) and args[at] and isinstance(args[at][-1], int):
            args[at] = [*args[at][:-1], args[at][-1] + self.choice([-3, -1, 1, 4])]
        elif isinstance(args[at], int) and not isinstance(args[at], bool):
            args[at] += self.choice([-7, -3, 3, 7])
        else:
            return step
        return {**step, "args": args}

    def add(self, step):
        """Appends a step if it is stable; whether it was."""
        count = step.pop("outs", 1)
        if self.is_undefined(step) or self.is_wrong(step):
            return False
        known = set(self.inputs) | {name for s in self.steps for name in s.get("out", [])}
        if any(name not in known for name in refs_of(step["args"]) + refs_of(list(step.get("kwargs", {}).values()))):
            return False
        names = [f"v{self.count + i}" for i in range(count)]
        step = {**step, **({"out": names} if names else {})}
        try:
            message = self.trio.step(step, step["fn"] in EXACT)
            limit = LARGE if self.large else LARGEST
            made = [self.value(name) for name in names] if message is None else []
            if any(t is not None and not isinstance(t, torch.Tensor) for t in made):
                raise Unstable("no tensor")
            if any(min(t.shape, default=0) < 0 for t in made if t is not None):
                raise Unstable("torch itself is wrong")
            if any(t is not None and t.numel() > limit for t in made):
                raise Unstable("large")
            for name in self.names if message is None and writes(step) else []:
                self.trio.check(*(run.values[name] for run in self.trio.runs))
            if message is not None and writes(step) and any(part in message for part in FOUND_IN_DATA):
                # Here only reading tells, and what was to be changed is lost.
                raise Unstable("found in the data")
            if message is not None and (self.vague(message, step["fn"]) or not self.chance(REFUSED_KEPT)):
                raise Unstable("refused")
        except (Unstable, KeyError):
            self.undo(step)
            return False
        if message is not None:
            step["throws"] = message
            self.ended = step["fn"] in ("backward", "autograd.grad")
        else:
            self.count += count
            if step["fn"] == "Tensor.kron":
                self.unguarded |= {self.value(name).storage().data_ptr() for name in refs_of(step["args"])}
            self.names += [name for name in names if self.value(name) is not None]
            if writes(step):
                self.names = [name for name in self.names if is_usable(self.value(name))]
        self.steps.append(step)
        return True

    def is_undefined(self, step):
        """Whether torch gives what no one may rely on, or takes a kind of tensor only where it is empty."""
        fn = step["fn"].rstrip("_")
        names = refs_of(step["args"])
        tensors = [self.value(name) for name in names if name in self.trio.exact.values]
        floats = [t for t in tensors if t.is_floating_point()]
        if fn in ("Tensor.signbit", "Tensor.copysign") and any(t.isnan().any() for t in floats):
            return True
        if fn in ("Tensor.masked_fill", "Tensor.masked_scatter") and len(tensors) > 1 and tensors[1].dtype != torch.bool:
            return True
        if fn in ("Tensor.gather", "Tensor.scatter", "Tensor.scatter_add") and len({t.ndim for t in tensors}) > 1:
            return True
        if fn in PRODUCTS and len({t.dtype for t in tensors}) + any(t.dtype == torch.bool for t in tensors) > 1:
            # Where there is nothing to multiply dtypes are not looked at.
            return True
        if fn in NEEDING_MATRICES and tensors and tensors[0].ndim < 2:
            return True
        if tensors and (tensors[0].numel() == 0 or tensors[0].ndim == 0) and self.is_unchecked(step, tensors[0]):
            return True
        if fn in EMPTY_OTHERWISE and any(t.numel() == 0 for t in tensors):
            return True
        if fn == "Tensor.mode" and any(size > 16 for size in tensors[0].shape) or fn == "Tensor.kthvalue" and any(self.has_ties(t) for t in tensors):
            # Places among equals are those of the sort or selection that is at work.
            return True
        if fn in ("std_mean", "var_mean") and not all(t.isfinite().all() for t in floats):
            return True
        if fn == "nn.functional.avg_pool1d" and not tensors[0].is_floating_point():
            return True
        if writes(step) and any(self.overlaps(tensors[0], t) for t in tensors[1:]):
            return True
        if writes(step) and tensors and not tensors[0].is_floating_point() and any(t.requires_grad for t in floats):
            return True
        if fn in MARGINS and (not all(t.isfinite().all() for t in floats) or tensors[0].numel() == 0):
            # Their kernels take NaN for 0, and leave the sum over nothing as it was in memory.
            return True
        if fn in NORMS and self.is_degenerate(floats):
            return True
        if fn == "nn.functional.group_norm" and len(step["args"]) > 3 and step["args"][2] is None and step["args"][3] is not None:
            # Its gradient fails with a bias and no weight.
            return True
        if fn == "Tensor.unique" and any(t.isnan().any() or t.requires_grad for t in floats):
            return True
        if fn == "nn.functional.pad" and (self.is_cut_short(step, tensors[0]) or tensors[0].ndim < 3 and step["args"][-1] == "circular"):
            return True
        if fn == "nn.functional.max_pool1d" and not tensors[0].requires_grad:
            # Without a gradient another kernel is taken, which lets windows be larger than the input.
            return True
        if fn == "Tensor.diff" and any(isinstance(arg, int) and arg < 0 for arg in step["args"][1:2]):
            return True
        if fn in SPREADS and tensors and tensors[0].numel() <= 1:
            # The gradient has another shape, or is one of several forms of 0 / 0.
            return True
        if fn == "nn.functional.prelu" and len({t.dtype for t in tensors}) > 1:
            return True
        if fn == "Tensor.requires_grad" and any(self.value(name) is not None and self.value(name)._base is not None for name in self.names):
            # Views made before without a graph have one from then on.
            return True
        if writes(step) and tensors and self.shares_places(tensors[0]):
            return True
        if fn in LOGICAL and step["fn"].endswith("_") and any(t.requires_grad for t in tensors):
            return True
        if writes(step) and tensors and not tensors[0].is_floating_point():
            # Infinities as whole numbers.
            return any(not torch.isfinite(t).all() or (t.abs() > 1e6).any() for t in floats)
        # A product written over one of its factors.
        return step["fn"] in PRODUCTS_IN_PLACE and len({t.storage().data_ptr() for t in tensors}) < len(tensors)

    def is_wrong(self, step):
        """Whether 1.13 gives what is not so, or what 2.x gives otherwise."""
        fn = step["fn"].rstrip("_")
        tensors = [self.value(name) for name in refs_of(step["args"]) if name in self.trio.exact.values]
        floats = [t for t in tensors if t.is_floating_point()]
        if not tensors:
            return False
        x = tensors[0]
        if fn == "Tensor.trace" and x.requires_grad and x.ndim == 2 and x.shape[0] > x.shape[1]:
            # The gradient's diagonal goes on in the columns beside it.
            return True
        if fn in ("Tensor.masked_scatter", "Tensor.masked_select") and not x.is_contiguous():
            # masked_scatter goes through memory, not through places; the gradient of masked_select is made of it.
            return True
        if fn in ELIMINATING and not x.isfinite().all():
            return True
        if fn in ELIMINATING[:2] and x.requires_grad and x.numel() > 0 and x.ndim >= 2 and x.shape[-1] == x.shape[-2] and (x.detach().double().det().abs() < 1e-9).any():
            # The gradient of a singular matrix's determinant is that of a regular one nearby, times 0.
            return True
        if fn == "Tensor.digamma" and x.dtype == torch.float64 and x.requires_grad:
            # Its derivative has ten digits.
            return True
        if fn == "nn.functional.soft_margin_loss" and x.is_floating_point() and not (x.abs() < 80).all():
            # Infinity by infinity.
            return True
        if fn in CONVOLUTIONS and (len({t.dtype for t in tensors}) > 1 or not all(t.isfinite().all() for t in floats)):
            # Whether what is padded meets weights depends on the kernel that is taken.
            return True
        if fn.startswith("nn.functional.conv_transpose") and x.dtype == torch.bfloat16:
            return True
        if fn == "cdist" and len({t.dtype for t in tensors}) > 1:
            # Dtypes are not looked at where there are no elements.
            return True
        if fn in SOFTMAXES and not x.is_floating_point() and x.numel() == 0:
            return True
        if fn == "cat" and all(t.ndim == 1 and t.numel() == 0 for t in tensors):
            return True
        if fn == "nn.functional.embedding_bag" and tensors[-1].ndim != 2:
            return True
        if fn == "Tensor.addbmm" and x.ndim != 2:
            return True
        if fn == "Tensor.index_add" and len(tensors) == 3 and x.ndim > 0 and not self.is_slice_of(tensors[2], x, step["args"][1]):
            # 2.x refuses what has another shape.
            return True
        if fn == "Tensor.index_select" and x.ndim == 0 and tensors[-1].numel() != 1:
            # Memory that nothing was written to; 2.x refuses it.
            return True
        if fn == "Tensor.median" and x.numel() == 0:
            return True
        if fn == "Tensor.norm" and x.numel() == 0 and len(step["args"]) > 1 and self.is_negative(step["args"][1]):
            # 2.x refuses it.
            return True
        if fn in ("Tensor.clamp", "Tensor.clamp_min", "Tensor.clamp_max") and x.dtype == torch.uint8 and any(isinstance(arg, int) and arg < 0 for arg in step["args"][1:]):
            return True
        if fn == "nn.functional.interpolate" and not all(t.isfinite().all() for t in floats):
            # Whether a weight of 0 meets infinity depends on the kernel that is taken.
            return True
        if fn == "nn.functional.binary_cross_entropy_with_logits" and not x.isfinite().all():
            # 2.x is stable there.
            return True
        if fn == "nn.functional.cosine_similarity" and any(t.requires_grad for t in floats) and self.is_sign(x, step["args"][-1]):
            # The gradient is rounding alone.
            return True
        if fn == "Tensor.cumprod" and x.requires_grad and not x.isfinite().all():
            # Products of all others here, a quotient there.
            return True
        if fn == "Tensor.repeat_interleave" and x.numel() == 0:
            return True
        if fn in ("backward", "autograd.grad") and not all(t.isfinite().all() for t in floats[-1:]) and any(s["fn"] in (*SPREADS, *NORMS) for s in self.steps):
            # An infinite gradient of what is made of differences.
            return True
        if fn == "Tensor.topk" and x.requires_grad and self.has_ties(x):
            # Which of equals takes the gradient is up to the selection that is at work.
            return True
        if fn == "Tensor.lerp" and not all(t.isfinite().all() for t in floats):
            # 2.x goes from the end for weights below -0.5, too.
            return True
        if fn == "Tensor.mode" and any(t.isnan().any() for t in floats):
            # An order among NaN that depends on where they stand.
            return True
        # kron does not see that its factors are changed later.
        return writes(step) and any(t.storage().data_ptr() in self.unguarded for t in tensors[:1])

    def is_negative(self, number):
        """Whether an argument is a number below 0."""
        return number == {"$float": "-inf"} or isinstance(number, (int, float)) and number < 0

    def is_sign(self, x, dim):
        """Whether vectors along dim have one element."""
        return isinstance(dim, int) and x.ndim > 0 and -x.ndim <= dim < x.ndim and x.shape[dim] == 1

    def is_slice_of(self, source, x, dim):
        """Whether source has the shape of x but along dim."""
        along = dim % x.ndim if isinstance(dim, int) else 0
        return source.ndim == x.ndim and all(a == b for i, (a, b) in enumerate(zip(source.shape, x.shape)) if i != along)

    def is_unchecked(self, step, x):
        """Whether a dimension is one that x, which has no elements, does not have: it is not looked at then."""
        if step["fn"].rstrip("_") not in ALONG_UNCHECKED:
            return False
        numbers = [n for arg in step["args"][1:] for n in (arg if isinstance(arg, list) else [arg]) if isinstance(n, int)]
        return any(not -max(x.ndim, 1) <= n < max(x.ndim, 1) for n in numbers)

    def is_degenerate(self, floats):
        """Whether rounding alone decides what normalization gives: of equal values, or by infinite factors."""
        if not floats or floats[0].numel() == 0 or not all(t.isfinite().all() for t in floats[1:]):
            return True
        x = floats[0].detach().double()
        rows = [x.reshape(-1), *(x.reshape(x.shape[0], -1) if x.ndim > 1 and x.numel() else []), *(x.transpose(0, 1).reshape(x.shape[1], -1) if x.ndim > 1 and x.numel() else [])]
        return any(row.std(unbiased=False) <= 1e-4 * row.abs().max() for row in rows)

    def has_ties(self, x):
        """Whether elements of x are equal, or NaN, which `unique` does not find so."""
        return bool(x.isnan().any()) or x.detach().double().unique().numel() < x.numel()

    def overlaps(self, a, b):
        """Whether b is another view of memory that a has, so that writing to a may change what is yet to be read."""
        if a.storage().data_ptr() != b.storage().data_ptr() or a.storage().size() == 0:
            return False
        return (a.shape, a.stride(), a.storage_offset()) != (b.shape, b.stride(), b.storage_offset())

    def is_cut_short(self, step, x):
        """Whether padding is cut from what is empty, or empty dimensions are repeated."""
        return x.numel() == 0 and (any(n < 0 for n in step["args"][1]) or len(step["args"]) > 2 and step["args"][2] != "constant")

    def shares_places(self, x):
        """Whether elements of x lie in one place: what writing to them gives depends on the order of it."""
        if x.numel() == 0:
            return False
        places = torch.as_strided(torch.arange(x.storage().size()), x.shape, x.stride(), x.storage_offset())
        return places.unique().numel() < x.numel()

    def vague(self, message, fn):
        """Whether torch refuses what is no fault of the program: kernels that it lacks, strides that nobody promised."""
        if fn in ("backward", "autograd.grad") and any(part in message for part in ("result type Float can't be cast", "doesn't match the broadcast shape")):
            # Gradients that fail inside.
            return True
        return any(
            part in message
            for part in (
                "not implemented",
                "not supported",
                "enough memory",
                "can't allocate memory",
                "not differentiable with respect to",
                "to have one of the following scalar types",
                "Expected a proper Tensor but got None",
                "integer multiplication overflow",
                "view size is not compatible",
                "some elements of the input tensor and the written-to tensor",
                "resulted in a negative output size",
                "Only zero batch or zero channel inputs",
                "returned an invalid gradient",
                "tensor does not have a device",
                "output of a function that returns multiple views",
                "internal assert",
                "INTERNAL ASSERT",
            )
        )

    def undo(self, step):
        """Forgets the step that was tried last; where it may have changed something, by running the others anew."""
        if not writes(step) and step["fn"].startswith(("Tensor.", "nn.")):
            for run in self.trio.runs:
                for name in step.get("out", []):
                    run.values.pop(name, None)
            return
        self.trio = Trio(self.inputs, self.seed)
        for step in self.steps:
            self.trio.step(step, step["fn"] in EXACT)

    def finish(self):
        """Goes back from results, once or twice."""
        candidates = [n for n in self.names if self.value(n).requires_grad and not self.value(n).is_leaf]
        if self.ended or not candidates or self.chance(0.1):
            return
        top = candidates[-1] if self.chance(0.7) else self.choice(candidates)
        leaves = [n for n in self.inputs if self.inputs[n].get("grad")]
        if self.chance(0.3):
            self.second_order(top, leaves)
        elif self.chance(0.4):
            self.add({"fn": "Tensor.sum", "args": [ref(top)]})
            self.add({"fn": "backward", "args": [ref(self.names[-1])], "outs": 0})
        else:
            kwargs = {"retain_graph": True} if self.chance(0.3) else {}
            self.add({"fn": "backward", "args": [ref(top), self.direction(top)], "kwargs": kwargs, "outs": 0})
            if kwargs and not self.ended:
                other = self.choice(candidates)
                self.add({"fn": "backward", "args": [ref(other), self.direction(other)], "outs": 0})

    def is_finite(self, name):
        """Whether a value has neither infinities nor NaN."""
        t = self.value(name)
        return t is None or not t.is_floating_point() or bool(t.isfinite().all())

    def second_order(self, top, leaves):
        """The gradient of the gradient. Not of what is not finite, as which products with 0 come up depends on how the first is
        composed, nor of logcumsumexp, whose first is the logarithm of what may be 0, nor of batch_norm with a bias, the second
        derivative of which torch leaves out."""
        if any(step["fn"] == "Tensor.logcumsumexp" or step["fn"] == "nn.functional.batch_norm" and step["args"][4] is not None for step in self.steps) or not all(map(self.is_finite, self.names)):
            return
        wrt = self.random.sample(leaves, min(len(leaves), self.integer(1, 2)))
        direction = self.like(top, self.shape(top), self.chance(0.5))
        if not self.is_finite(direction):
            return
        first = self.count
        step = {
            "fn": "autograd.grad",
            "args": [[ref(top)], [ref(n) for n in wrt]],
            "kwargs": {"grad_outputs": [ref(direction)], "create_graph": True, "allow_unused": True},
            "outs": len(wrt),
        }
        if not self.add(step) or self.ended:
            return
        grads = [f"v{first + i}" for i in range(len(wrt))]
        grads = [n for n in grads if self.value(n) is not None]
        if grads:
            # Whether a gradient has a graph of its own depends on which ops it is made of; times a leaf it has one.
            g = self.choice(grads)
            factor = self.like(g, self.shape(g), True)
            product = self.is_finite(factor) and self.add({"fn": "Tensor.mul", "args": [ref(g), ref(factor)]})
            if product:
                self.add({"fn": "backward", "args": [ref(self.names[-1]), self.direction(self.names[-1])], "outs": 0})


def ref(name):
    return {"$ref": name}


def generate(seed):
    """The program of a seed with what must come out of it; None if it came to nothing."""
    program = Program(seed)
    target = program.integer(5, 30)
    for _ in range(4 * target):
        if program.ended or len(program.steps) >= target:
            break
        program.grow()
    program.finish()
    used = {n for s in program.steps for n in refs_of(s["args"]) + refs_of(list(s.get("kwargs", {}).values()))}
    inputs = {name: x for name, x in program.inputs.items() if name in used}
    whole = {"id": f"seed {seed}", "seed": seed, "inputs": inputs, "steps": program.steps}
    try:
        return execute(whole, EXACT)
    except Unstable:
        return None
