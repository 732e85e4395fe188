"""Runs programs in PyTorch, three times over: as they are, in float64, and with noise in the last place after each step. What
the runs differ by says how far rounding can move each value; where they part ways altogether, a program is unstable."""
import warnings

import numpy
import torch

from values import decode, encode, revive

warnings.filterwarnings("ignore")
torch.set_num_threads(1)

EPS = {torch.float64: 2.0**-52, torch.float32: 2.0**-23, torch.float16: 2.0**-10, torch.bfloat16: 2.0**-7}
# The share of a tensor's scale by which its runs may differ.
STABLE = {torch.float64: 1e-8, torch.float32: 1e-3, torch.float16: 0.05, torch.bfloat16: 0.1}
# Beyond these, values are on their way to overflow.
LARGEST = {torch.float64: 1e12, torch.float32: 1e8, torch.float16: 1e3, torch.bfloat16: 1e4}


class Unstable(Exception):
    """Rounding decides what the program does."""


def find(path):
    target = torch
    for part in path.split("."):
        target = getattr(target, part)
    return target


def set_item(x, index, value):
    x[tuple(index) if isinstance(index, list) else index] = value


def get_item(x, index):
    return x[tuple(index) if type(index) is list else index]


def backward(t, *args, **kwargs):
    # Gradients may become the memory of what is given.
    t.backward(*(arg.clone() if isinstance(arg, torch.Tensor) else arg for arg in args), **kwargs)


def set_grad(t, value):
    t.grad = value


STEPS = {
    "backward": backward,
    "get_grad": lambda t: None if t.grad is None else t.grad.clone(),
    "zero_grad": lambda t: set_grad(t, None),
    "Tensor.__getitem__": get_item,
    "Tensor.__setitem__": set_item,
    # Properties.
    "Tensor.T": lambda t: t.T,
    "Tensor.mT": lambda t: t.mT,
}


def outputs_of(result, count):
    """The results that a step names, in order."""
    if count == 0:
        return []
    if isinstance(result, torch.Tensor) and count == 1:
        return [result]
    items = list(result) if isinstance(result, (list, tuple)) else [result]
    return items[:count]


def writes(step):
    """Whether a step may change what it is given."""
    fn = step["fn"]
    return fn.endswith("_") or fn in ("Tensor.__setitem__", "Tensor.retain_grad", "nn.functional.batch_norm") or "inplace" in step.get("kwargs", {})


def is_usable(t):
    """Whether torch still lets this be used: pieces of what was written to in place are lost to it."""
    try:
        return t.is_leaf or True
    except RuntimeError:
        return False


class Run:
    """One execution. `kind`: 'exact', 'wide' (float64 for every float) or 'noisy'."""

    def __init__(self, inputs, kind, seed=0):
        self.kind = kind
        self.values = {}
        self.seed = seed
        self.generator = torch.Generator()
        for name, recorded in inputs.items():
            self.add_input(name, recorded)

    def add_input(self, name, recorded):
        x = decode(recorded)
        if self.kind == "noisy" and x.is_floating_point() and x.double().abs().unique().numel() == x.numel():
            # Inputs are known to the last place only; but for ties, which noise would break.
            self.shake([x], name)
        if self.kind == "wide" and x.is_floating_point():
            x = x.to(torch.float64)
        self.values[name] = x.requires_grad_(recorded.get("grad", False))

    def cast(self, dtype):
        return torch.float64 if self.kind == "wide" and dtype.is_floating_point else dtype

    def call(self, step):
        """What the step gives. Raises what torch raises."""
        fn = STEPS.get(step["fn"]) or find(step["fn"])
        args = [revive(arg, self.values, self.cast) for arg in step.get("args", [])]
        kwargs = {name: revive(arg, self.values, self.cast) for name, arg in step.get("kwargs", {}).items()}
        # What whole numbers give as floats is wide, too.
        torch.set_default_dtype(torch.float64 if self.kind == "wide" else torch.float32)
        try:
            with torch.set_grad_enabled(not step.get("no_grad", False)):
                return fn(*args, **kwargs)
        finally:
            torch.set_default_dtype(torch.float32)

    def step(self, step):
        if step["fn"] == "autograd.grad":
            # Where a view was written to, 1.13 fills the gradients of leaves, too; 2.0 does not.
            kept = {name: t.grad for name, t in self.values.items() if t is not None and t.is_leaf}
            try:
                return self.outputs(step)
            finally:
                for name, grad in kept.items():
                    self.values[name].grad = grad
        return self.outputs(step)

    def outputs(self, step):
        outputs = outputs_of(self.call(step), len(step.get("out", [])))
        self.values.update(zip(step.get("out", []), outputs))
        return outputs

    def shake(self, tensors, first):
        """Moves results by up to two units in the last place; the same way whenever the result is called `first`."""
        self.generator.manual_seed(self.seed * 1009 + 2 * int(first[1:]) + (first[0] == "x"))
        for t in tensors:
            if isinstance(t, torch.Tensor) and t.is_floating_point() and t.numel() > 0:
                factor = 1 + EPS[t.dtype] * torch.randint(-2, 3, t.shape, generator=self.generator).to(t.dtype)
                t.data.mul_(factor)
                if t.requires_grad and not t.is_leaf:
                    # What comes back is rounded, too.
                    t.register_hook(lambda grad, factor=factor: grad * factor)


def deviation(a, others):
    """The greatest difference of other runs from `a`. Raises Unstable if they are not the same value, rounded."""
    if any(other.shape != a.shape for other in others):
        raise Unstable("shapes")
    if a.numel() == 0:
        return 0.0
    if not a.is_floating_point():
        if not all(torch.equal(a, other) for other in others):
            raise Unstable("whole numbers")
        return 0.0
    wide, *rest = (t.detach().double().numpy() for t in (a, *others))
    finite = numpy.isfinite(wide)
    everywhere = finite.all()
    if not everywhere and not all(numpy.array_equal(wide[~finite], other[~finite], equal_nan=True) for other in rest):
        raise Unstable("infinities")
    if not everywhere:
        wide, *rest = (t[finite] for t in (wide, *rest))
        if wide.size == 0:
            return 0.0
    size = numpy.abs(wide).max()
    largest = max(numpy.abs(wide - other).max() for other in rest)
    # Not so either where another run is not finite.
    if not largest <= STABLE[a.dtype] * max(size, 1e-3):
        raise Unstable("rounding")
    if size > LARGEST[a.dtype]:
        raise Unstable("size")
    return float(largest)


def same(a, b):
    return a.shape == b.shape and torch.equal(a.nan_to_num(7.0), b.nan_to_num(7.0)) if a.is_floating_point() else torch.equal(a, b)


def described(a, others):
    deviated = deviation(a, others)
    return {"value": encode(a), **({"deviation": float(f"{deviated:.1e}")} if deviated > 0 else {})}


class Trio:
    """The three runs side by side."""

    def __init__(self, inputs, seed):
        self.runs = [Run(inputs, "exact"), Run(inputs, "wide"), Run(inputs, "noisy", seed)]
        self.exact, self.wide, self.noisy = self.runs

    def add_input(self, name, recorded):
        for run in self.runs:
            run.add_input(name, recorded)

    def step(self, step, exact_op):
        """Runs a step; the message where torch refuses it, else None. Raises Unstable where it cannot be told what is right."""
        kept = self.exact.values if writes(step) else {}
        before = {name: t.detach().clone() for name, t in kept.items() if t is not None}
        try:
            outputs = self.exact.step(step)
        except Exception as error:  # torch raises many kinds
            if any(not same(self.exact.values[name].detach(), t) for name, t in before.items()):
                raise Unstable("refused halfway") from error
            if not writes(step) and self.is_taken(step):
                raise Unstable("rounding decides what is refused") from error
            return str(error) or type(error).__name__
        try:
            wide = self.wide.step(step)
            noisy = self.noisy.step(step)
        except Exception as error:
            raise Unstable("other runs refuse") from error
        if not exact_op and any(
            isinstance(a, torch.Tensor) and a.is_floating_point() and not same(a.detach().to(torch.float64), b.detach())
            for a, b in zip(outputs, wide)
        ):
            self.noisy.shake(noisy, step["out"][0])
        for triple in zip(outputs, wide, noisy):
            self.check(*triple)
        return None

    def is_taken(self, step):
        """Whether the noisy run takes a step that the exact one refuses."""
        try:
            self.noisy.step(step)
        except Exception:
            return False
        return True

    def check(self, a, *others):
        if a is None or any(other is None for other in others):
            if not (a is None and all(other is None for other in others)):
                raise Unstable("some are missing")
            return 0.0
        return deviation(a, others)

    def expectation(self, refused):
        """What every value, and every gradient that is kept, must be in the end."""
        expect, grads = {}, {}
        for name, a in self.exact.values.items():
            others = [run.values[name] for run in self.runs[1:]]
            if a is None:
                self.check(a, *others)
                expect[name] = None
                continue
            if not is_usable(a):
                continue
            expect[name] = described(a, others)
            expect[name]["requires_grad"] = a.requires_grad
            expect[name]["is_leaf"] = a.is_leaf
            if not refused and (a.retains_grad if not a.is_leaf else a.requires_grad):
                gradients = [t.grad for t in (a, *others)]
                self.check(*gradients)
                grads[name] = None if a.grad is None else described(gradients[0], gradients[1:])
        return {"expect": expect, "grads": grads}




def otherwise(program):
    """Gradients of a program whose last step torch refuses as something that it saved was changed: with copies of all that is
    saved they are defined. None where there are second derivatives, which copies cut off."""
    if any("create_graph" in step.get("kwargs", {}) for step in program["steps"]):
        return None
    runs = [Run(program["inputs"], kind) for kind in ("exact", "wide")]
    for run in runs:
        with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach().clone(), lambda t: t):
            for step in program["steps"]:
                if "throws" not in step or step is program["steps"][-1]:
                    run.step(step)
    grads = {}
    for name, recorded in program["inputs"].items():
        if recorded.get("grad"):
            a, b = (run.values[name].grad for run in runs)
            if (a is None) != (b is None):
                raise Unstable("some are missing")
            grads[name] = None if a is None else described(a, [b])
    return grads


def execute(program, exact_ops):
    """Runs a whole program; a copy with `throws` at each step that torch refuses, and what must come out."""
    trio = Trio(program["inputs"], program.get("seed", 0))
    steps = []
    refused = False
    for step in program["steps"]:
        step = {key: value for key, value in step.items() if key != "throws"}
        message = trio.step(step, step["fn"] in exact_ops)
        if message is not None:
            step["throws"] = message.split("\n")[0][:160]
            refused = refused or step["fn"] in ("backward", "autograd.grad")
        steps.append(step)
    whole = {**program, "steps": steps, **trio.expectation(refused)}
    whole.pop("otherwise", None)
    if "modified by an inplace operation" in steps[-1].get("throws", ""):
        try:
            whole["otherwise"] = otherwise(whole)
        except RuntimeError as error:
            raise Unstable("refused also with copies") from error
    return whole
