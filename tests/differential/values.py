"""Values of programs as JSON holds them (../conformance/FORMAT.md), and back."""
import base64
import math

import numpy
import torch

NAMES = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]
DTYPES = {name: getattr(torch, name) for name in NAMES}
NAME_OF = {dtype: name for name, dtype in DTYPES.items()}
HALVES = (torch.float16, torch.bfloat16)
FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def encode(t):
    """A tensor: the bytes of its elements, row by row."""
    t = t.detach().contiguous()
    if t._is_zerotensor():
        # Memory that nothing has been written to.
        t = torch.zeros(t.shape, dtype=t.dtype)
    raw = (t.view(torch.int16) if t.dtype in HALVES else t).numpy().tobytes()
    return {"dtype": NAME_OF[t.dtype], "shape": list(t.shape), "data": base64.b64encode(raw).decode()}


def decode(recorded):
    dtype = DTYPES[recorded["dtype"]]
    raw = bytearray(base64.b64decode(recorded["data"]))
    stored = torch.int16 if dtype in HALVES else dtype
    if not raw:
        return torch.zeros(recorded["shape"], dtype=dtype)
    flat = torch.from_numpy(numpy.frombuffer(raw, dtype=str(stored).replace("torch.", "")).copy())
    # A copy, as views are not what inputs are.
    return (flat.view(dtype) if dtype in HALVES else flat).reshape(recorded["shape"]).clone()


def revive(value, refs, cast=lambda dtype: dtype):
    """An argument as torch takes it: `refs` holds the program's values, `cast` what to make of a dtype."""
    if isinstance(value, list):
        return [revive(item, refs, cast) for item in value]
    if not isinstance(value, dict):
        return value
    (key, content), *_ = value.items()
    if key == "$ref":
        return refs[content]
    if key == "$float":
        return FLOATS[content]
    if key == "$dtype":
        return cast(DTYPES[content])
    if key == "$slice":
        return slice(*content)
    if key == "$ellipsis":
        return Ellipsis
    if key == "$list":
        return [revive(item, refs, cast) for item in content]
    raise ValueError(f"no value {key}")


def refs_of(value):
    """The names that an argument refers to."""
    if isinstance(value, list):
        return [name for item in value for name in refs_of(item)]
    if not isinstance(value, dict):
        return []
    return [value["$ref"]] if "$ref" in value else [name for item in value.values() for name in refs_of(item)]
