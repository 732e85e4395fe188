"""Records PyTorch's draws for one seed: python3 record.py > recorded.json"""
import json
import struct

import torch

SEED = 7
DTYPES = ["float32", "float64", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


def dtype(name):
    return getattr(torch, name)


def values(t):
    return [v if isinstance(v, (bool, int)) else float(v) for v in t.flatten().tolist()]


record = {"fills": [], "normal": [], "randintLike": []}


def fill(method, name, *args, shape=(5,), transposed=False):
    x = torch.zeros(shape, dtype=dtype(name))
    if transposed:
        x = x.t()
    torch.manual_seed(SEED)
    getattr(x, method)(*args)
    camel = {"log_normal_": "logNormal_"}.get(method, method)
    entry = {"method": camel, "dtype": name, "args": list(args), "shape": list(shape), "values": values(x)}
    if transposed:
        entry["transposed"] = True
    # What is drawn next shows how much was drawn.
    entry["next"] = int(torch.randint(2**31, (1,)))
    record["fills"].append(entry)


for name in DTYPES:
    fill("random_", name)
    fill("random_", name, 2)
    if name not in ("bool",):
        fill("random_", name, 1, 7)
        fill("random_", name, 3, None)
        fill("geometric_", name, 0.25)
fill("random_", "int64", -5, 2**40)
fill("random_", "float64", -5, 2**40)
fill("random_", "float32", 10, 5000, shape=(3, 2), transposed=True)
for name in DTYPES[:4]:
    fill("log_normal_", name)
    fill("log_normal_", name, 0.5, 0.25)
    fill("cauchy_", name)
    fill("cauchy_", name, 1.5, 0.5)
    fill("exponential_", name, 2.5)
fill("log_normal_", "float32", 0.5, 0.25, shape=(3, 6), transposed=True)
fill("cauchy_", "float32", 0.5, 0.25, shape=(3, 6), transposed=True)


def normal(name, mean, std, size=None, kind="float32"):
    def tensor(x):
        return torch.tensor(x, dtype=dtype(kind)) if isinstance(x, list) else x

    torch.manual_seed(SEED)
    out = torch.normal(tensor(mean), tensor(std), size) if size else torch.normal(tensor(mean), tensor(std))
    record["normal"].append(
        {"name": name, "mean": mean, "std": std, "size": size, "dtype": kind, "shape": list(out.shape), "values": values(out)}
    )


ramp = [float(i) for i in range(18)]
normal("tensors", [1.0, 2.0, 3.0], [0.5, 0.25, 2.0])
normal("many", ramp, [1 + x / 4 for x in ramp])
normal("a mean", ramp, 0.5)
normal("a std", 0.5, ramp)
normal("broadcast", [[1.0], [2.0]], [0.5, 0.25, 2.0])
normal("float64", [1.0, 2.0, 3.0], [0.5, 0.25, 2.0], kind="float64")
normal("size", 1.5, 0.5, [2, 3])
normal("great size", 1.5, 0.5, [17])

for name in DTYPES:
    if name == "bool":
        continue
    for args in ([6], [2, 9]):
        torch.manual_seed(SEED)
        out = torch.randint_like(torch.zeros(2, 3, dtype=dtype(name)), *args)
        record["randintLike"].append({"dtype": name, "args": args, "values": values(out)})

print(json.dumps(record, separators=(",", ":")))
