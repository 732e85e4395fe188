"""Records what PyTorch makes of the narrow dtypes, as cases of ../conformance/FORMAT.md: python3 record.py > recorded.json"""
import base64
import json

import torch
import torch.nn.functional as F

NAMES = ["float16", "bfloat16", "int8", "int16"]
ALL = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64"]
DTYPES = {name: getattr(torch, name) for name in ALL}
NAME_OF = {dtype: name for name, dtype in DTYPES.items()}
# One unit in the last place: sums are taken in another order, and rounded once. What is composed has a few of them.
ULP = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "int8": 0, "int16": 0}
FLOAT32_TOLERANCE = 1e-6


def encode(t):
    t = t.detach().contiguous()
    half = t.dtype in (torch.float16, torch.bfloat16)
    raw = (t.view(torch.int16) if half else t).numpy().tobytes()
    return {"dtype": NAME_OF[t.dtype], "shape": list(t.shape), "data": base64.b64encode(raw).decode()}


def revived(x):
    """An argument for JSON."""
    if isinstance(x, torch.Tensor):
        return {**encode(x), **({"grad": True} if x.requires_grad else {})}
    if isinstance(x, torch.dtype):
        return {"$dtype": NAME_OF[x]}
    return [revived(y) for y in x] if isinstance(x, (list, tuple)) else x


def tensors(x):
    return [x] if isinstance(x, torch.Tensor) else [t for y in x for t in tensors(y)] if isinstance(x, (list, tuple)) else []


def values(dtype, *shape, seed=0, low=-3.0, high=3.0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(shape, generator=generator, dtype=torch.float64) * (high - low) + low
    return (x if dtype.is_floating_point else (x * 20).floor()).to(dtype)


def find(path):
    target = torch
    for part in path.split("."):
        target = getattr(target, part)
    return target


def case(name, fn, args, kwargs=None, ulps=1, forms=()):
    """None where PyTorch's CPU kernels lack the dtype."""
    kwargs = kwargs or {}
    floating = [a for a in tensors(args) if a.is_floating_point()]
    try:
        out = find(fn)(*args, **kwargs)
    except (RuntimeError, TypeError):
        if floating and all(t.requires_grad for t in floating):
            for t in floating:
                t.requires_grad_(False)
            return case(name, fn, args, kwargs, ulps, forms)
        return None
    record = {"id": f"{fn}/{name}", "kind": "op", "fn": fn, "args": revived(args)}
    record["kwargs"] = {k: revived(v) for k, v in kwargs.items()}
    record["forms"] = list(forms)
    outs = tensors(out)
    record["out"] = revived([o.detach() for o in outs]) if not isinstance(out, torch.Tensor) else encode(out)
    single = any(o.dtype == torch.float32 for o in outs)
    record["rtol"] = record["atol"] = max(ULP[name] * ulps, FLOAT32_TOLERANCE if single else 0)
    leaves = [(i, a) for i, a in enumerate(args) if isinstance(a, torch.Tensor) and a.requires_grad]
    if leaves and any(o.requires_grad for o in outs):
        cot = [values(o.dtype, *o.shape, seed=9) if o.requires_grad else None for o in outs]
        try:
            torch.autograd.backward([o for o in outs if o.requires_grad], [c for c in cot if c is not None])
        except RuntimeError:
            return record
        record["cot"] = [None if c is None else encode(c) for c in cot]
        record["grads"] = {f"args.{i}": None if a.grad is None else encode(a.grad) for i, a in leaves}
    return record


def ops(name):
    d = DTYPES[name]
    fl = d.is_floating_point

    def x(*shape, seed=0, grad=True, **kw):
        t = values(d, *shape, seed=seed, **kw)
        return t.requires_grad_() if grad and fl else t

    other = torch.tensor([[True, False, True]])
    yield "add", [x(2, 3), x(3, seed=1)], {}, 1, ["Tensor.add", "Tensor.add_"]
    yield "add", [x(2, 3), 0.1 if fl else 3]
    yield "sub", [x(2, 3), x(2, 3, seed=1)], {"alpha": 2}
    yield "mul", [x(2, 3), x(2, 3, seed=1)], {}, 1, ["Tensor.mul_"]
    yield "mul", [x(2, 3), 0.1 if fl else 7]
    yield "div", [x(2, 3), x(2, 3, seed=1, low=0.5)]
    yield "floor_divide", [x(2, 3, grad=False), x(2, 3, seed=1, low=0.5, grad=False)]
    yield "remainder", [x(2, 3, grad=False), x(2, 3, seed=1, low=0.5, grad=False)]
    yield "pow", [x(2, 3, low=0.1), 2]
    yield "neg", [x(5)]
    yield "abs", [x(5)]
    yield "maximum", [x(2, 3), x(2, 3, seed=1)]
    for compare in ["eq", "lt", "ge"]:
        yield compare, [x(2, 3, grad=False), x(3, seed=1, grad=False)]
    yield "rsqrt", [x(2, 9, low=0.1)], {}, 3
    for unary in ["exp", "log", "sqrt", "sin", "tanh", "sigmoid", "erf", "reciprocal", "floor", "round", "sign"]:
        yield unary, [x(2, 9, low=0.1)]
    yield "isnan", [x(3, grad=False)]
    yield "clamp", [x(5), -1, 1]
    yield "where", [other, x(2, 3), x(2, 3, seed=1)]
    if not fl:
        for bitwise in ["bitwise_and", "bitwise_or", "bitwise_xor"]:
            yield bitwise, [x(5), x(5, seed=1)]
        yield "bitwise_not", [x(5)]
        shifts = torch.tensor([0, 1, 3, 6, 7]).to(d)
        yield "bitwise_left_shift", [x(5), shifts]
        yield "bitwise_right_shift", [x(5), shifts]
    for fold in ["sum", "mean", "prod"]:
        yield fold, [x(3, 4)]
        yield fold, [x(3, 4), 1]
    yield "sum", [x(4, 5, 6), [0, 2]]
    for fold in ["amax", "amin", "argmax", "argmin"]:
        yield fold, [x(3, 17), 1]
    for fold in ["var", "std", "norm", "logsumexp"]:
        yield fold, [x(3, 8)], {"dim": 1}, 2
    yield "any", [x(2, 3, grad=False)]
    yield "cumsum", [x(2, 9), 1], {}, 2
    yield "cumprod", [x(2, 5), 1], {}, 3
    yield "cummax", [x(2, 9), 1]
    yield "sort", [x(2, 17)], {"dim": 1, "stable": True}
    yield "topk", [x(2, 9), 3]
    yield "median", [x(9)]
    yield "cat", [[x(2, 3, grad=False), x(1, 3, seed=1, grad=False)]]
    yield "stack", [[x(2, grad=False), x(2, seed=1, grad=False)]]
    yield "transpose", [x(2, 3), 0, 1]
    yield "flip", [x(2, 3), [1]]
    index = torch.tensor([[0, 2, 1], [1, 1, 0]])
    yield "gather", [x(2, 3), 1, index]
    yield "index_select", [x(3, 4), 0, torch.tensor([2, 0, 2])]
    yield "scatter", [x(2, 3), 1, index[:, :2], x(2, 2, seed=1)]
    yield "scatter_add", [x(2, 3), 1, index, x(2, 3, seed=1)]
    yield "index_add", [x(3, 2), 0, torch.tensor([0, 0, 2]), x(3, 2, seed=1)]
    yield "masked_fill", [x(2, 3), other, 1]
    yield "masked_select", [x(2, 3, grad=False), other]
    yield "tril", [x(3, 3)]
    yield "mm", [x(3, 5), x(5, 2, seed=1)], {}, 2
    yield "bmm", [x(2, 3, 5), x(2, 5, 2, seed=1)], {}, 2
    yield "addmm", [x(2), x(3, 5), x(5, 2, seed=1)], {}, 2
    yield "matmul", [x(2, 3, 5), x(5, seed=1)], {}, 2
    nn = "nn.functional."
    yield nn + "l1_loss", [x(3, 4), x(3, 4, seed=1)], {"reduction": "sum"}, 2
    if fl:
        yield nn + "linear", [x(3, 5), x(2, 5, seed=1), x(2, seed=2)], {}, 2
        yield nn + "conv2d", [x(1, 2, 5, 5), x(3, 2, 3, 3, seed=1), x(3, seed=2)], {"padding": 1}, 2
        yield nn + "conv_transpose2d", [x(1, 2, 3, 3), x(2, 3, 2, 2, seed=1)], {}, 2
        yield nn + "softmax", [x(3, 5)], {"dim": 1}, 2
        yield nn + "log_softmax", [x(3, 5)], {"dim": 1}, 2
        for name_ in ["gelu", "silu", "elu", "leaky_relu", "softplus", "mish", "relu"]:
            yield nn + name_, [x(9)], {}, 2
        yield nn + "layer_norm", [x(3, 8), [8], x(8, seed=1), x(8, seed=2)], {}, 4
        yield nn + "group_norm", [x(2, 4, 3), 2, x(4, seed=1), x(4, seed=2)], {}, 4
        yield nn + "batch_norm", [x(4, 3), None, None, x(3, seed=1), x(3, seed=2)], {"training": True}, 4
        yield nn + "max_pool2d", [x(1, 2, 4, 4), 2]
        yield nn + "avg_pool2d", [x(1, 2, 4, 4), 2]
        yield nn + "adaptive_avg_pool2d", [x(1, 2, 5, 5), 2]
        yield nn + "embedding", [torch.tensor([[0, 2], [1, 0]]), x(3, 4)]
        yield nn + "mse_loss", [x(3, 4), x(3, 4, seed=1)], {}, 2
        yield nn + "cross_entropy", [x(3, 4), torch.tensor([0, 3, 1])], {}, 2
        yield nn + "interpolate", [x(1, 2, 4)], {"size": 8}
        yield nn + "pad", [x(1, 2, 4), [1, 1]]


def conversions(name):
    d = DTYPES[name]
    edges = [0.0, -0.0, 1.0, 1 / 3, -2.7, 100.5, 127.0, 1e-3, 6e-8, 2.9e-8, 65504.0, 65519.9, 65520.0, 1e-40, 3e38]
    edges += [float("inf"), float("-inf"), float("nan"), 1.00048828125, 1.0009765625 + 2.0**-11, 1.00390625, 2049.0]
    source = torch.tensor(edges if d.is_floating_point else edges[:8])
    method = {"float16": "half", "bfloat16": "bfloat16", "int8": "char", "int16": "short"}[name]
    yield f"Tensor.{method}", [source]
    yield f"Tensor.{method}", [torch.tensor([0, 1, -1, 127, 128, 255, 256, 2049, 65519, 70000, -40000])]
    for target in ALL:
        yield "Tensor.to", [values(d, 2, 3), DTYPES[target]]


def promotions():
    """result_type of every pair: tensors with dimensions, one without, and Python's scalars."""
    made = lambda name, *shape: torch.ones(shape, dtype=DTYPES[name])
    plain = {a: [NAME_OF[torch.promote_types(DTYPES[a], DTYPES[b])] for b in ALL] for a in ALL}
    zero = {a: [NAME_OF[torch.result_type(made(a, 2), made(b))] for b in ALL] for a in ALL}
    scalars = {a: [NAME_OF[torch.result_type(made(a, 2), s)] for s in (True, 2, 1.5)] for a in ALL}
    without = {a: [NAME_OF[torch.result_type(made(a), s)] for s in (True, 2, 1.5)] for a in ALL}
    return {"dtypes": ALL, "tensors": plain, "withoutDimensions": zero, "scalars": scalars, "scalarsAlone": without}


def draws():
    for name in NAMES:
        d = DTYPES[name]
        steps = []

        def step(fn, *args, **kwargs):
            try:
                out = find(fn)(*args, **kwargs)
            except (RuntimeError, TypeError):
                return
            expect = {"out": encode(out)}
            if isinstance(out, torch.nn.Module):
                expect = {"state": {k: encode(v) for k, v in out.state_dict().items()}}
            record = {"fn": fn, "args": revived(args), "kwargs": {k: revived(v) for k, v in kwargs.items()}}
            steps.append({**record, "exact": True, "expect": expect})

        def module(fn, *args):
            state = {k: encode(v) for k, v in find(fn)(*args, dtype=d).state_dict().items()}
            record = {"fn": fn, "args": list(args), "kwargs": {"dtype": revived(d)}, "exact": True}
            steps.append({**record, "expect": {"state": state}})

        torch.manual_seed(5)
        if d.is_floating_point:
            for shape in ([3], [40]):
                step("rand", shape, dtype=d)
                step("randn", shape, dtype=d)
            module("nn.Linear", 3, 2)
            module("nn.Conv2d", 2, 3, 3)
            module("nn.Embedding", 5, 4)
            module("nn.LSTM", 3, 2)
        step("randint", 0, 100, [9], dtype=d)
        step("randperm", 9, dtype=d)
        yield {"id": f"draws/{name}", "kind": "rng", "seed": 5, "steps": steps}


def creation(name):
    d = DTYPES[name]
    yield "arange", [5], {"dtype": d}
    yield "full", [[2], 3], {"dtype": d}
    yield "eye", [2], {"dtype": d}
    if d.is_floating_point:
        yield "arange", [0, 2, 0.3], {"dtype": d}
        yield "linspace", [0, 1, 7], {"dtype": d}
        yield "full", [[2], 0.1], {"dtype": d}


def main():
    cases = []
    for name in NAMES:
        for row in [*ops(name), *creation(name)]:
            cases.append(case(name, *row))
        cases += [{**c, "rtol": 0, "atol": 0} for c in (case(name, *row) for row in conversions(name)) if c]
    cases = [c for c in cases if c is not None] + list(draws())
    for at, c in enumerate(cases):
        c["id"] += f"/{at}"
    bounds = lambda d: [d.bits, float(d.max), float(d.min)]
    floats = {d: [*bounds(i), i.eps, i.tiny, i.resolution] for d in ALL if DTYPES[d].is_floating_point for i in [torch.finfo(DTYPES[d])]}
    integers = {d: bounds(torch.iinfo(DTYPES[d])) for d in ALL if "int" in d}
    printed = {name: [encode(values(DTYPES[name], 2, 3)), str(values(DTYPES[name], 2, 3))] for name in NAMES}
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases)
    print(f'{{"promotions":{json.dumps(promotions())},\n"floats":{json.dumps(floats)},\n"integers":{json.dumps(integers)},\n"printed":{json.dumps(printed)},\n"cases":[\n{lines}\n]}}')


main()
