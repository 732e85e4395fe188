"""Records PyTorch's pointwise functions at special values, in float32 and float64: python3 record.py > recorded.json"""
import base64
import json
import math

import torch
import torch.nn.functional as F

s = torch.special
UNARY = {
    "neg": torch.neg, "abs": torch.abs, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt, "reciprocal": torch.reciprocal,
    "square": torch.square, "sign": torch.sign, "floor": torch.floor, "ceil": torch.ceil, "round": torch.round,
    "trunc": torch.trunc, "frac": torch.frac, "exp": torch.exp, "exp2": torch.exp2, "expm1": torch.expm1,
    "log": torch.log, "log2": torch.log2, "log10": torch.log10, "log1p": torch.log1p, "sigmoid": torch.sigmoid,
    "logit": torch.logit, "logitEps": lambda x: torch.logit(x, 1e-6), "sin": torch.sin, "cos": torch.cos, "tan": torch.tan,
    "asin": torch.asin, "acos": torch.acos, "atan": torch.atan, "sinh": torch.sinh, "cosh": torch.cosh, "tanh": torch.tanh,
    "asinh": torch.asinh, "acosh": torch.acosh, "atanh": torch.atanh, "erf": torch.erf, "erfc": torch.erfc,
    "erfinv": torch.erfinv, "lgamma": torch.lgamma, "digamma": torch.digamma, "polygamma1": lambda x: s.polygamma(1, x),
    "polygamma2": lambda x: s.polygamma(2, x), "polygamma3": lambda x: s.polygamma(3, x), "i0": torch.i0, "i0e": s.i0e,
    "i1": s.i1, "i1e": s.i1e, "erfcx": s.erfcx, "ndtr": s.ndtr, "ndtri": s.ndtri, "logNdtr": s.log_ndtr, "entr": s.entr,
    "sinc": torch.sinc, "deg2rad": torch.deg2rad, "rad2deg": torch.rad2deg, "nanToNum": torch.nan_to_num,
    "relu": torch.relu, "relu6": F.relu6, "gelu": F.gelu, "geluTanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu, "softplus": F.softplus, "logsigmoid": F.logsigmoid, "mish": F.mish, "elu": F.elu, "selu": F.selu,
    "celu": F.celu, "hardswish": F.hardswish, "hardsigmoid": F.hardsigmoid, "hardtanh": F.hardtanh,
    "tanhshrink": F.tanhshrink, "softsign": F.softsign, "softshrink": F.softshrink, "hardshrink": F.hardshrink,
    "leakyRelu": F.leaky_relu, "clamp": lambda x: x.clamp(-1, 1), "powHalf": lambda x: x.pow(0.5),
    "powThird": lambda x: x.pow(1 / 3), "powMinusTwo": lambda x: x.pow(-2), "isnan": torch.isnan, "isinf": torch.isinf,
    "isfinite": torch.isfinite, "signbit": torch.signbit, "toInt32": lambda x: x.clamp(-1e9, 1e9).nan_to_num(0).int(),
}
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div,
    "floorDivide": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "truncDivide": lambda a, b: torch.div(a, b, rounding_mode="trunc"), "remainder": torch.remainder, "fmod": torch.fmod,
    "pow": torch.pow, "maximum": torch.maximum, "minimum": torch.minimum, "fmax": torch.fmax, "fmin": torch.fmin,
    "atan2": torch.atan2, "hypot": torch.hypot, "copysign": torch.copysign, "xlogy": torch.xlogy, "xlog1py": s.xlog1py,
    "logaddexp": torch.logaddexp, "logaddexp2": torch.logaddexp2, "heaviside": torch.heaviside, "igamma": torch.igamma,
    "igammac": torch.igammac, "nextafter": torch.nextafter, "eq": torch.eq, "lt": torch.lt, "le": torch.le,
}
SINGLE = [
    0, 1e-45, 1e-40, 1.17549435e-38, 1e-30, 1e-20, 1e-10, 1e-7, 1e-5, 1e-3, 0.1, 0.25, 0.5, 0.7, 0.99, 0.9999999, 1,
    1.0000001, 1.5, 1.75, 2, 2.5, 3, 3.5, 5, 10, 20.3, 50, 88, 89, 100, 104, 128, 150, 1000, 1000.3, 8193, 1e5, 1e7,
    16777216, 1e10, 1e20, 1e30, 3e38, math.inf,
]
DOUBLE = [5e-324, 1e-310, 1e-300, 1 - 2**-53, 1 + 2**-52, 709, 710, 745, 1e100, 1e300, 1.7e308]
PAIRED = [0, 1e-10, 0.5, 1, 1.5, 2, 7, 10, 300, 16777217, 3e38, math.inf]
DTYPES = {"float32": torch.float32, "float64": torch.float64}


def signed(values):
    return [sign * x for x in values for sign in (1.0, -1.0)] + [math.nan]


def encode(t):
    return base64.b64encode(t.contiguous().numpy().tobytes()).decode()


record = {"unary": {}, "binary": {}}
for dtype, torch_dtype in DTYPES.items():
    points = torch.tensor(signed(SINGLE + (DOUBLE if dtype == "float64" else [])), dtype=torch_dtype)
    paired = torch.tensor(signed(PAIRED), dtype=torch_dtype)
    of = lambda table, *x: {name: encode(f(*x).to(torch_dtype)) for name, f in table.items()}
    record["unary"][dtype] = {"points": encode(points), **of(UNARY, points)}
    a = paired.repeat_interleave(len(paired))
    b = paired.repeat(len(paired))
    record["binary"][dtype] = {"a": encode(a), "b": encode(b), **of(BINARY, a, b)}
print(json.dumps(record, indent=1))
