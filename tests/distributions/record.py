"""Records distributions of PyTorch: python3 record.py > recorded.json. Numbers are float64 unless a case says otherwise."""
import json
import re

import torch
import torch.distributions as D

torch.set_default_dtype(torch.float64)
SEED = 11
NAN = float("nan")


def camel(name):
    return re.sub(r"_(\w)", lambda m: m.group(1).upper(), name)


def plain(t):
    """Nested lists, with what JSON has no number for as text."""
    if isinstance(t, torch.Tensor):
        return plain(t.tolist())
    if isinstance(t, list):
        return [plain(v) for v in t]
    return t if isinstance(t, (int, bool)) or abs(t) < float("inf") else str(t)


def tensors(args, dtype=None):
    tensor = lambda v: torch.tensor(v, dtype=dtype or torch.float64)
    # PyTorch takes temperatures as tensors only.
    return {k: tensor(v) if isinstance(v, list) or k == "temperature" else v for k, v in args.items()}


def build(name, args, dtype=None, grads=False):
    given = tensors(args, dtype)
    if grads:
        for t in given.values():
            if isinstance(t, torch.Tensor) and t.ndim > 0:
                t.requires_grad_()
    return getattr(D, name, getattr(D.relaxed_bernoulli, name, None))(**given), given


def attempt(f):
    try:
        return plain(f())
    except (NotImplementedError, AttributeError):
        return None
    except ValueError:
        # Rounded to the edge of its base, which PyTorch refuses.
        return "refused"


def gradients(out, given):
    """Of a sum with weights 1, 2, ..., so that no gradient cancels."""
    if not out.requires_grad:
        return {}
    weights = torch.arange(1, out.numel() + 1, dtype=out.dtype).view(out.shape)
    (out * weights).sum().backward()
    return {camel(k): plain(t.grad) for k, t in given.items() if isinstance(t, torch.Tensor) and t.grad is not None}


def record(name, args, values, probabilities=(), same_draws=False, dtype="float64", log_grads=True):
    # Numbers alone make tensors of the default dtype.
    if not any(isinstance(v, list) for v in args.values()):
        dtype = "float32"
    kind = getattr(torch, dtype)
    torch.set_default_dtype(kind)
    d, given = build(name, args, kind)
    entry = {"name": name, "args": {camel(k): v for k, v in args.items()}, "dtype": dtype, "batch": list(d.batch_shape), "event": list(d.event_shape)}
    entry["text"] = repr(d)
    for prop in ("mean", "mode", "variance", "stddev"):
        entry[prop] = attempt(lambda: getattr(d, prop))
    entry["entropy"] = attempt(d.entropy)
    entry["values"] = values
    value = torch.tensor(values, dtype=kind)
    entry["logProb"] = plain(d.log_prob(value))
    # Of these releases after 1.13 have one.
    gamma = lambda: torch.special.gammainc(d.concentration, d.rate * value)
    entry["cdf"] = attempt(gamma if isinstance(d, D.Gamma) else lambda: d.cdf(value))
    if probabilities:
        entry["probabilities"] = list(probabilities)
        entry["icdf"] = attempt(lambda: torch.stack([d.icdf(torch.tensor(p, dtype=kind).expand(d.batch_shape)) for p in probabilities]))
    if d.has_enumerate_support:
        entry["support"] = plain(d.enumerate_support())
    if log_grads:
        d, given = build(name, args, kind, grads=True)
        entry["logProbGrads"] = gradients(d.log_prob(value), given)
    if same_draws:
        torch.manual_seed(SEED)
        entry["sample"] = plain(d.sample((2,)))
        if d.has_rsample:
            d, given = build(name, args, kind, grads=True)
            torch.manual_seed(SEED)
            out = d.rsample((2,))
            entry["rsample"] = plain(out)
            entry["rsampleGrads"] = gradients(out, given)
    record.cases.append(entry)


record.cases = []
P = [0.1, 0.5, 0.9]
LOC, SCALE = [0.0, -1.5, 3.0], [1.0, 0.25, 4.0]
VALUES = [[0.5, -1.0, 2.0], [-2.0, -1.5, 30.0]]
for name in ("Normal", "Laplace", "Cauchy", "Gumbel"):
    record(name, {"loc": LOC, "scale": SCALE}, VALUES, P, same_draws=True)
    record(name, {"loc": 0.5, "scale": 2.0}, VALUES, P, same_draws=True)
    record(name, {"loc": [[0.5], [1.0]], "scale": SCALE}, VALUES, P, same_draws=True, dtype="float32")
record("LogNormal", {"loc": LOC, "scale": [1.0, 0.25, 2.0]}, [[0.5, 1.0, 2.0], [0.1, 3.0, 30.0]], P, same_draws=True)
record("HalfNormal", {"scale": SCALE}, [[0.5, 1.0, 2.0], [0.1, 3.0, 30.0]], P, same_draws=True)
record("HalfCauchy", {"scale": SCALE}, [[0.5, 1.0, 2.0], [0.1, 3.0, 30.0]], P, same_draws=True)
record("Pareto", {"scale": [0.5, 1.0, 2.0], "alpha": [0.5, 1.5, 4.0]}, [[0.75, 1.25, 2.5], [9.0, 3.0, 30.0]], P, same_draws=True)
record("Pareto", {"scale": 1.0, "alpha": 3.0}, [1.5, 4.0], P, same_draws=True)
record("Weibull", {"scale": [0.5, 1.0, 2.0], "concentration": [0.5, 1.5, 4.0]}, [[0.75, 1.25, 2.5], [0.1, 3.0, 3.5]], P, same_draws=True)
record("Kumaraswamy", {"concentration1": [0.5, 1.5, 4.0], "concentration0": [1.0, 0.5, 3.0]}, [[0.5, 0.25, 0.9], [0.1, 0.99, 0.75]], P, same_draws=True)
record("NegativeBinomial", {"total_count": 5.0, "probs": [0.1, 0.5, 0.875]}, [[0.0, 1.0, 5.0], [3.0, 0.0, 2.0]])
record("NegativeBinomial", {"total_count": [0.0, 2.5], "logits": [-3.0, 0.5]}, [[0.0, 1.0], [3.0, 0.0]], log_grads=False)
record("Uniform", {"low": [0.0, -2.0], "high": [1.0, 5.0]}, [[0.5, 0.0], [0.0, 4.5]], P, same_draws=True)
record("Uniform", {"low": 1.0, "high": 3.0}, [1.0, 2.5], P, same_draws=True)
record("Bernoulli", {"probs": [0.1, 0.5, 0.875]}, [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]], same_draws=True)
record("Bernoulli", {"logits": [-30.0, 0.5, 2.0]}, [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]], same_draws=True)
record("Bernoulli", {"probs": 0.25}, [0.0, 1.0], same_draws=True, dtype="float32")
record("Geometric", {"probs": [0.1, 0.5, 0.875]}, [[0.0, 1.0, 5.0], [10.0, 0.0, 2.0]], same_draws=True)
record("Geometric", {"logits": [-3.0, 0.5, 2.0]}, [[0.0, 1.0, 5.0], [10.0, 0.0, 2.0]], same_draws=True)
record("Geometric", {"probs": [1.0, 0.5]}, [[0.0, 1.0]], log_grads=False)
record("Binomial", {"total_count": 5, "probs": [0.1, 0.5, 0.875]}, [[0.0, 1.0, 5.0], [3.0, 0.0, 2.0]])
record("Binomial", {"total_count": 3, "logits": [-3.0, 0.5]}, [[0.0, 1.0], [3.0, 0.0]])
ROWS = [[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]]
record("Categorical", {"probs": ROWS}, [[0.0, 1.0], [2.0, 0.0]], same_draws=True)
record("Categorical", {"probs": [1.0, 2.0, 5.0]}, [0.0, 1.0, 2.0], same_draws=True)
record("Categorical", {"logits": [[0.5, -1.0, 2.0], [-200.0, 0.0, 1.0]]}, [[0.0, 1.0], [2.0, 0.0]], same_draws=True)
HOT = [[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]]
record("OneHotCategorical", {"probs": ROWS}, HOT, same_draws=True)
record("OneHotCategorical", {"logits": [0.5, -1.0, 2.0]}, HOT[0], same_draws=True)
record("OneHotCategoricalStraightThrough", {"probs": ROWS}, HOT, same_draws=True)
record("Multinomial", {"total_count": 4, "probs": ROWS}, [[[1.0, 1.0, 2.0], [4.0, 0.0, 0.0]]], same_draws=True)
record("Multinomial", {"total_count": 3, "logits": [0.5, -1.0, 2.0]}, [[1.0, 1.0, 1.0], [0.0, 0.0, 3.0]], same_draws=True)
record("Exponential", {"rate": [0.5, 1.0, 4.0]}, [[0.5, 1.0, 0.0], [0.1, 3.0, 2.0]], P, same_draws=True)
record("Exponential", {"rate": 2.0}, [0.5, 1.0], P, same_draws=True)
record("Poisson", {"rate": [0.5, 1.0, 40.0]}, [[0.0, 1.0, 30.0], [1.0, 3.0, 50.0]])
record("Gamma", {"concentration": [0.5, 2.0, 30.0], "rate": [1.0, 0.5, 4.0]}, [[0.5, 1.0, 9.0], [0.1, 3.0, 7.0]])
record("Gamma", {"concentration": 2.0, "rate": 3.0}, [0.5, 1.0])
record("Chi2", {"df": [1.0, 4.0]}, [[0.5, 1.0], [0.1, 3.0]])
record("Beta", {"concentration1": [0.5, 2.0, 30.0], "concentration0": [1.0, 0.5, 4.0]}, [[0.5, 0.25, 0.9], [0.1, 0.99, 0.75]])
record("Dirichlet", {"concentration": [0.5, 2.0, 30.0]}, [[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]])
record("Dirichlet", {"concentration": [[0.5, 0.5, 0.75], [4.0, 2.0, 1.0]]}, ROWS)
record("StudentT", {"df": [0.5, 1.5, 30.0], "loc": [0.0, 1.0, 2.0], "scale": [1.0, 0.5, 2.0]}, VALUES)
record("StudentT", {"df": 4.0}, [0.5, -1.0])
COVARIANCE = [[2.0, 0.5, 0.25], [0.5, 1.0, -0.25], [0.25, -0.25, 3.0]]
TRIL = [[[2.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.25, -0.25, 3.0]], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.5]]]
for matrix, value in (("covariance_matrix", COVARIANCE), ("precision_matrix", COVARIANCE), ("scale_tril", TRIL)):
    record("MultivariateNormal", {"loc": LOC, matrix: value}, [[0.5, -1.0, 2.0], [1.0, 0.0, 4.0]], same_draws=True)
record("MultivariateNormal", {"loc": [LOC, [1.0, 2.0, 3.0]], "scale_tril": TRIL[0]}, VALUES, same_draws=True)
record("RelaxedBernoulli", {"temperature": 0.5, "probs": [0.1, 0.5, 0.875]}, [[0.5, 0.25, 0.9], [0.1, 0.99, 0.75]], same_draws=True)
record("RelaxedBernoulli", {"temperature": 2.0, "logits": [-3.0, 0.5]}, [[0.5, 0.25]], same_draws=True)
record("LogitRelaxedBernoulli", {"temperature": 0.5, "probs": [0.1, 0.5, 0.875]}, VALUES, same_draws=True)
record("RelaxedOneHotCategorical", {"temperature": 0.5, "probs": ROWS}, ROWS, same_draws=True)
record("RelaxedOneHotCategorical", {"temperature": 2.0, "logits": [0.5, -1.0, 2.0]}, ROWS, same_draws=True)

# Pairs of distributions.
torch.set_default_dtype(torch.float64)
KL = []
PAIRS = [
    ("Bernoulli", {"probs": [0.1, 0.5, 1.0, 0.0]}, "Bernoulli", {"probs": [0.2, 0.9, 0.5, 0.25]}),
    ("Bernoulli", {"probs": [0.1, 0.5]}, "Bernoulli", {"logits": [0.2, -0.9]}),
    ("Bernoulli", {"probs": [0.1, 0.5]}, "Poisson", {"rate": [0.2, 1.5]}),
    ("Beta", {"concentration1": [0.5, 2.0], "concentration0": [1.0, 0.5]}, "Beta", {"concentration1": [1.5, 2.5], "concentration0": [3.0, 0.75]}),
    ("Binomial", {"total_count": 3, "probs": [0.1, 0.5]}, "Binomial", {"total_count": 3, "probs": [0.2, 0.9]}),
    ("Categorical", {"probs": ROWS}, "Categorical", {"probs": [[0.3, 0.3, 0.4], [0.2, 0.2, 0.6]]}),
    ("Categorical", {"probs": [0.5, 0.5, 0.0]}, "Categorical", {"probs": [0.5, 0.0, 0.5]}),
    ("OneHotCategorical", {"probs": ROWS}, "OneHotCategorical", {"logits": [0.3, 0.3, 0.4]}),
    ("Cauchy", {"loc": LOC, "scale": SCALE}, "Cauchy", {"loc": [0.5], "scale": [2.0]}),
    ("Dirichlet", {"concentration": [0.5, 2.0, 3.0]}, "Dirichlet", {"concentration": [1.5, 1.0, 2.0]}),
    ("Exponential", {"rate": [0.5, 2.0]}, "Exponential", {"rate": [1.5, 1.0]}),
    ("Exponential", {"rate": [0.5, 2.0]}, "Gamma", {"concentration": [0.5, 2.0], "rate": [1.5, 1.0]}),
    ("Exponential", {"rate": [0.5, 2.0]}, "Normal", {"loc": [0.5, 2.0], "scale": [1.5, 1.0]}),
    ("Gamma", {"concentration": [0.5, 2.0], "rate": [1.5, 1.0]}, "Gamma", {"concentration": [1.5, 3.0], "rate": [0.5, 2.0]}),
    ("Gamma", {"concentration": [0.5, 2.0], "rate": [1.5, 1.0]}, "Exponential", {"rate": [0.5, 2.0]}),
    ("Geometric", {"probs": [0.1, 0.5]}, "Geometric", {"probs": [0.2, 0.9]}),
    ("Gumbel", {"loc": LOC, "scale": SCALE}, "Gumbel", {"loc": [0.5], "scale": [2.0]}),
    ("HalfNormal", {"scale": SCALE}, "HalfNormal", {"scale": [2.0]}),
    ("Laplace", {"loc": LOC, "scale": SCALE}, "Laplace", {"loc": [0.5], "scale": [2.0]}),
    ("Laplace", {"loc": LOC, "scale": SCALE}, "Normal", {"loc": [0.5], "scale": [2.0]}),
    ("LogNormal", {"loc": LOC, "scale": SCALE}, "LogNormal", {"loc": [0.5], "scale": [2.0]}),
    ("MultivariateNormal", {"loc": LOC, "covariance_matrix": COVARIANCE}, "MultivariateNormal", {"loc": [1.0, 2.0, 3.0], "scale_tril": TRIL}),
    ("Normal", {"loc": LOC, "scale": SCALE}, "Normal", {"loc": [0.5], "scale": [2.0]}),
    ("Normal", {"loc": LOC, "scale": SCALE}, "Laplace", {"loc": [0.5], "scale": [2.0]}),
    ("Normal", {"loc": LOC, "scale": [1.0, 0.25, 0.5]}, "Gumbel", {"loc": [0.5], "scale": [2.0]}),
    ("Poisson", {"rate": [0.5, 2.0, 4.0]}, "Poisson", {"rate": [1.5, 1.0, 3.0]}),
    ("Uniform", {"low": [0.0, 1.0], "high": [1.0, 2.0]}, "Uniform", {"low": [-1.0, 1.5], "high": [1.0, 3.0]}),
    ("Uniform", {"low": [0.0, 1.0], "high": [1.0, 2.0]}, "Normal", {"loc": [0.5, 2.0], "scale": [1.5, 1.0]}),
    ("Uniform", {"low": [0.0, 1.0], "high": [1.0, 2.0]}, "Exponential", {"rate": [1.5, 1.0]}),
]
for p_name, p_args, q_name, q_args in PAIRS:
    p, _ = build(p_name, p_args)
    q, _ = build(q_name, q_args)
    KL.append({"p": p_name, "pArgs": {camel(k): v for k, v in p_args.items()}, "q": q_name, "qArgs": {camel(k): v for k, v in q_args.items()}, "kl": plain(D.kl_divergence(p, q))})

# Transforms at values.
T = []
X = [[-2.0, -0.5, 0.25], [0.0, 1.0, 3.0]]
POSITIVE = [[0.1, 0.5, 1.0], [2.0, 3.0, 0.25]]
for name, args, x in [
    ("ExpTransform", {}, X), ("SigmoidTransform", {}, X), ("SoftplusTransform", {}, X), ("TanhTransform", {}, X), ("AbsTransform", {}, X),
    ("PowerTransform", {"exponent": 2.5}, POSITIVE), ("PowerTransform", {"exponent": [0.5, -1.0, 3.0]}, POSITIVE),
    ("AffineTransform", {"loc": 1.5, "scale": -2.0}, X), ("AffineTransform", {"loc": [1.0, 2.0, 3.0], "scale": [0.5, -1.0, 2.0]}, X),
    ("AffineTransform", {"loc": 1.5, "scale": [0.5, -1.0, 2.0], "event_dim": 1}, X), ("SoftmaxTransform", {}, X), ("StickBreakingTransform", {}, X),
]:
    t = getattr(D.transforms, name)(**tensors(args))
    x = torch.tensor(x)
    y = t(x)
    entry = {"name": name, "args": {camel(k): v for k, v in args.items()}, "x": plain(x), "y": plain(y), "back": plain(t.inv(y))}
    entry["stretch"] = attempt(lambda: t.log_abs_det_jacobian(x, y))
    entry["sign"] = attempt(lambda: t.sign)
    entry["domain"], entry["codomain"] = [str(t.domain), t.domain.event_dim], [str(t.codomain), t.codomain.event_dim]
    T.append(entry)

print(json.dumps({"seed": SEED, "cases": record.cases, "kl": KL, "transforms": T}, separators=(",", ":")))
