"""Steps that work element by element. Each entry draws one step of a program, or gives None where there is nothing to draw."""


def ref(name):
    return {"$ref": name}


def step(fn, *args, outs=1, **kwargs):
    return {"fn": fn, "args": list(args), **({"kwargs": kwargs} if kwargs else {}), "outs": outs}


UNARY_METHODS = """abs neg sign square relu exp exp2 expm1 sqrt rsqrt reciprocal log log2 log10 log1p sin cos tan asin acos atan
sinh cosh tanh asinh acosh atanh erf erfc erfinv sigmoid floor ceil round trunc frac deg2rad rad2deg lgamma digamma logit sinc
nan_to_num positive isnan isinf isfinite signbit logical_not bitwise_not i0""".split()

# Those without an in-place form.
PURE = {"positive", "isnan", "isinf", "isfinite", "signbit"}


def unary(g):
    name = g.choice(UNARY_METHODS)
    x = g.real() if g.chance(0.85) else g.pick()
    inplace = "_" if name not in PURE and g.chance(0.2) else ""
    return step(f"Tensor.{name}{inplace}", ref(x))


BINARY_METHODS = """add add add sub sub mul mul mul div div pow maximum minimum fmax fmin atan2 hypot remainder fmod floor_divide
copysign logaddexp xlogy heaviside gcd lcm bitwise_and bitwise_or bitwise_xor float_power""".split()
PURE_BINARY = {"maximum", "minimum", "fmax", "fmin", "logaddexp", "float_power", "heaviside"}


def binary(g):
    name = g.choice(BINARY_METHODS)
    x = g.pick(fresh=lambda: g.fresh(g.any_shape()))
    other = g.partner(x)
    if isinstance(other, (int, float)) and name in ("maximum", "minimum", "fmax", "fmin", "atan2", "hypot", "logaddexp", "heaviside", "gcd", "lcm"):
        return None
    kwargs = {}
    if name in ("add", "sub") and g.chance(0.15):
        kwargs["alpha"] = g.scalar(g.value(x).dtype)
    if name == "div" and g.chance(0.3):
        kwargs["rounding_mode"] = g.choice(["floor", "trunc"])
    inplace = "_" if name not in PURE_BINARY and g.chance(0.3) else ""
    return step(f"Tensor.{name}{inplace}", ref(x), other, **kwargs)


def comparison(g):
    name = g.choice(["eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor"])
    x = g.pick(fresh=lambda: g.fresh(g.any_shape()))
    other = g.partner(x)
    if isinstance(other, (int, float)) and name.startswith("logical"):
        return None
    # torch lets these change what requires a gradient, for they are not differentiable.
    inplace = "_" if g.chance(0.1) and not g.value(x).requires_grad else ""
    return step(f"Tensor.{name}{inplace}", ref(x), other)


def is_close(g):
    x = g.real()
    other = g.partner(x)
    return None if isinstance(other, (int, float)) else step("isclose", ref(x), other)


def where(g):
    x = g.pick()
    if x is None:
        return None
    shape = g.shape(x)
    condition = g.pick(lambda t: t.ndim <= len(shape) and list(t.shape) == shape[len(shape) - t.ndim :] and str(t.dtype) == "torch.bool",
                       lambda: g.fresh(shape, "bool"))
    other = g.partner(x)
    return None if isinstance(other, (int, float)) else step("where", ref(condition), ref(x), other)


def addcmul(g):
    x = g.real()
    a, b = g.partner(x), g.partner(x)
    if isinstance(a, (int, float)) or isinstance(b, (int, float)):
        return None
    kwargs = {"value": g.scalar()} if g.chance(0.5) else {}
    return step(f"Tensor.{g.choice(['addcmul', 'addcdiv'])}{'_' if g.chance(0.3) else ''}", ref(x), a, b, **kwargs)


def lerp(g):
    x = g.real()
    a = g.partner(x)
    weight = 0.3 if g.chance(0.5) else g.partner(x)
    if isinstance(a, (int, float)):
        return None
    return step(f"Tensor.lerp{'_' if g.chance(0.3) else ''}", ref(x), a, weight)


def clamp(g):
    x = g.pick()
    if x is None:
        return None
    draw = g.random.random()
    inplace = "_" if g.chance(0.3) else ""
    if draw < 0.3:
        return step(f"Tensor.clamp_min{inplace}", ref(x), g.scalar(g.value(x).dtype))
    if draw < 0.5:
        return step(f"Tensor.clamp_max{inplace}", ref(x), g.scalar(g.value(x).dtype))
    if draw < 0.8:
        lowest = 0 if str(g.value(x).dtype) == "torch.uint8" else g.integer(-2, 0)
        return step(f"Tensor.clamp{inplace}", ref(x), lowest, g.scalar(g.value(x).dtype))
    low, high = g.partner(x), g.partner(x)
    if isinstance(low, (int, float)) or isinstance(high, (int, float)):
        return None
    return step(f"Tensor.clamp{inplace}", ref(x), low, high)


def activation(g):
    x = g.real()
    name, options = g.choice([
        ("gelu", {}), ("gelu", {"approximate": "tanh"}), ("silu", {}), ("mish", {}), ("elu", {"alpha": 0.7}), ("selu", {}),
        ("celu", {"alpha": 1.3}), ("softplus", {}), ("softplus", {"beta": 2, "threshold": 3}), ("softsign", {}), ("hardswish", {}),
        ("hardsigmoid", {}), ("hardtanh", {}), ("relu6", {}), ("leaky_relu", {"negative_slope": 0.2}), ("logsigmoid", {}),
        ("tanhshrink", {}), ("softshrink", {}), ("hardshrink", {}), ("relu", {}), ("relu", {"inplace": True}),
        ("leaky_relu", {"inplace": True}), ("elu", {"inplace": True}), ("silu", {"inplace": True}), ("hardtanh", {"inplace": True}),
        ("threshold", {"threshold": 0.1, "value": -0.5}),
    ])  # fmt: skip
    return step(f"nn.functional.{name}", ref(x), **options)


def softmax(g):
    x = g.real()
    name = g.choice(["softmax", "log_softmax", "softmin"])
    if name == "softmin" or g.chance(0.5):
        return step(f"nn.functional.{name}", ref(x), dim=g.dim(x))
    return step(f"Tensor.{name}", ref(x), g.dim(x))


def prelu(g):
    x = g.real(2)
    return step("nn.functional.prelu", ref(x), ref(g.like(x, [g.choice([1, g.shape(x)[1]])])))


def glu(g):
    x = g.real(1)
    return step("nn.functional.glu", ref(x), g.dim(x))


UNARY = [unary]
BINARY = [binary]
COMPARISONS = [comparison, comparison, comparison, is_close]
TERNARY = [where, addcmul, lerp, clamp]
ACTIVATIONS = [activation, activation, softmax, prelu, glu]
