"""Steps of torch.nn.functional: normalizations, convolutions, pooling, embeddings, losses."""
from catalogue_pointwise import ref, step
from values import NAME_OF


def channels(g, least=2, most=4):
    """A value with a dimension of channels, of a batch that is not empty."""
    return g.pick(
        lambda t: t.is_floating_point() and least <= t.ndim <= most and t.numel() > 0,
        lambda: g.fresh([g.integer(1, 3) for _ in range(g.integer(least, most))], "float32" if g.profile != "float64" else "float64"),
    )


def optional(g, x, shape):
    """A parameter that is there or not."""
    return ref(g.like(x, shape)) if g.chance(0.6) else None


def layer_norm(g):
    x = g.real(1)
    shape = g.shape(x)[-g.integer(1, len(g.shape(x))) :]
    return step("nn.functional.layer_norm", ref(x), shape, optional(g, x, shape), optional(g, x, shape), 1e-3)


def batch_norm(g):
    x = channels(g)
    c = [g.shape(x)[1]]
    training = g.chance(0.6)
    stats = [ref(g.like(x, c, False)), None] if not training or g.chance(0.4) else [None, None]
    if stats[0] is not None:
        # A variance is above 0.
        made = g.fresh(c, "int64", False, 1, 4)
        if not g.add(step("Tensor.to", ref(made), {"$dtype": NAME_OF[g.value(x).dtype]})):
            return None
        stats[1] = ref(g.names[-1])
    return step("nn.functional.batch_norm", ref(x), *stats, optional(g, x, c), optional(g, x, c), training, 0.3, 1e-3)


def group_norm(g):
    x = channels(g, 2, 4)
    c = g.shape(x)[1]
    groups = g.choice([k for k in range(1, c + 1) if c % k == 0])
    return step("nn.functional.group_norm", ref(x), groups, optional(g, x, [c]), optional(g, x, [c]), 1e-3)


def instance_norm(g):
    x = channels(g, 3, 4)
    c = [g.shape(x)[1]]
    return step("nn.functional.instance_norm", ref(x), None, None, optional(g, x, c), optional(g, x, c), True, 0.1, 1e-3)


def conv(g):
    n = g.choice([1, 2])
    x = g.real(n + 2, n + 2)
    groups = 2 if g.chance(0.2) else 1
    shape = g.shape(x)
    if shape[1] % groups != 0:
        groups = 1
    out = groups * g.integer(1, 2)
    kernel = [g.integer(1, 3) for _ in range(n)]
    transposed = g.chance(0.25)
    weight = [shape[1], out // groups, *kernel] if transposed else [out, shape[1] // groups, *kernel]
    kwargs = {"stride": g.integer(1, 2), "padding": g.integer(0, 2)}
    if g.chance(0.2):
        kwargs["dilation"] = 2
    if groups > 1:
        kwargs["groups"] = groups
    name = f"nn.functional.conv_transpose{n}d" if transposed else f"nn.functional.conv{n}d"
    return step(name, ref(x), ref(g.like(x, weight)), optional(g, x, [out]), **kwargs)


def pool(g):
    n = g.choice([1, 2])
    x = g.real(n + 1, n + 2)
    kind = g.choice(["max_pool", "avg_pool", "adaptive_avg_pool", "adaptive_max_pool", "lp_pool"])
    if kind.startswith("adaptive"):
        return step(f"nn.functional.{kind}{n}d", ref(x), g.integer(1, 3) if n == 1 else [g.integer(1, 3), g.integer(1, 3)])
    kernel = g.integer(1, 3)
    if kind == "lp_pool":
        return step(f"nn.functional.lp_pool{n}d", ref(x), 2, kernel, 1)
    kwargs = {"stride": g.integer(1, 2)} if g.chance(0.6) else {}
    if g.chance(0.3):
        kwargs["padding"] = kernel // 2
    if g.chance(0.2):
        kwargs["ceil_mode"] = True
    if kind == "max_pool" and g.chance(0.15):
        kwargs["dilation"] = 2
    if kind == "avg_pool" and g.chance(0.2):
        kwargs["count_include_pad"] = False
    return step(f"nn.functional.{kind}{n}d", ref(x), kernel, **kwargs)


def linear(g):
    x = g.real(1)
    out = g.integer(1, 4)
    return step("nn.functional.linear", ref(x), ref(g.like(x, [out, g.shape(x)[-1]])), optional(g, x, [out]))


def embedding(g):
    count, width = g.integer(1, 5), g.integer(1, 3)
    weight = g.pick(lambda t: t.is_floating_point() and t.ndim == 2 and t.shape[0] > 0, lambda: g.fresh([count, width], "float32"))
    rows = g.shape(weight)[0]
    bound = rows + 1 if g.chance(0.03) else rows
    kwargs = {"padding_idx": g.integer(0, rows - 1)} if g.chance(0.3) else {}
    if g.chance(0.3):
        index = g.indices([g.integer(1, 2), g.integer(1, 3)], bound)
        return step("nn.functional.embedding_bag", ref(index), ref(weight), mode=g.choice(["sum", "mean", "max"]))
    index = g.indices(g.any_shape(0, 2), bound, g.choice(["int64", "int32"]))
    if g.chance(0.15):
        return step("nn.functional.one_hot", ref(g.indices(g.any_shape(1, 2), 4)), 4)
    return step("nn.functional.embedding", ref(index), ref(weight), **kwargs)


def padded(g):
    x = g.real(1, 4)
    ndim = len(g.shape(x))
    if g.chance(0.6):
        pad = [g.integer(-1, 2) for _ in range(2 * g.integer(1, ndim))]
        return step("nn.functional.pad", ref(x), pad, "constant", g.choice([0, 0.5, -1]))
    mode = g.choice(["reflect", "replicate", "circular"])
    spatial = {2: 1, 3: 1, 4: 2}.get(ndim)
    return None if spatial is None else step("nn.functional.pad", ref(x), [g.integer(0, 2) for _ in range(2 * spatial)], mode)


def resized(g):
    x = g.real(4, 4)
    mode = g.choice(["nearest", "bilinear"])
    kwargs = {"align_corners": g.chance(0.5)} if mode == "bilinear" else {}
    if g.chance(0.3):
        return step("nn.functional.pixel_shuffle", ref(g.fresh([1, 4, 2, 2])), 2)
    if g.chance(0.3):
        return step("nn.functional.unfold", ref(x), g.integer(1, 2), padding=g.integer(0, 1), stride=g.integer(1, 2))
    return step("nn.functional.interpolate", ref(x), [g.integer(1, 4), g.integer(1, 4)], mode=mode, **kwargs)


def similarity(g):
    x = g.real(1)
    if g.chance(0.5):
        return step("nn.functional.normalize", ref(x), 2, g.dim(x))
    return step("nn.functional.cosine_similarity", ref(x), ref(g.like(x, g.shape(x))), g.dim(x))


def loss(g):
    x = g.real()
    shape = g.shape(x)
    reduction = {"reduction": g.choice(["mean", "sum", "none"])} if g.chance(0.7) else {}
    name = g.choice(["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits", "soft_margin_loss", "kl_div",
                     "poisson_nll_loss", "hinge_embedding_loss"])  # fmt: skip
    constant = name in ("soft_margin_loss", "hinge_embedding_loss")
    target = g.pick(
        lambda t: list(t.shape) == shape and t.dtype == g.value(x).dtype and not (constant and t.requires_grad),
        lambda: g.like(x, shape, False if constant else None),
    )
    options = {"smooth_l1_loss": {"beta": 0.5}, "huber_loss": {"delta": 0.7}}.get(name, {}) if g.chance(0.5) else {}
    if name == "binary_cross_entropy_with_logits" and g.chance(0.4):
        options = {"pos_weight": ref(g.like(x, shape[-1:]))}
    return step(f"nn.functional.{name}", ref(x), ref(target), **options, **reduction)


def class_loss(g):
    x = g.real(1, 4)
    shape = g.shape(x)
    classes = shape[0] if len(shape) == 1 else shape[1]
    if classes == 0:
        return None
    bound = classes + 1 if g.chance(0.03) else classes
    target = g.indices([] if len(shape) == 1 else [shape[0], *shape[2:]], bound)
    reduction = {"reduction": g.choice(["mean", "sum", "none"])} if g.chance(0.6) else {}
    kwargs = {"ignore_index": g.integer(0, classes - 1)} if g.chance(0.3) else {}
    if g.chance(0.3):
        kwargs["weight"] = ref(g.like(x, [classes], False))
    if g.chance(0.4):
        return step("nn.functional.nll_loss", ref(x), ref(target), **kwargs, **reduction)
    if g.chance(0.3):
        kwargs["label_smoothing"] = 0.2
    if g.chance(0.2):
        return step("nn.functional.cross_entropy", ref(x), ref(g.like(x, shape)), **reduction)
    return step("nn.functional.cross_entropy", ref(x), ref(target), **kwargs, **reduction)


def margin_loss(g):
    x = g.real(2, 2)
    shape = g.shape(x)
    reduction = {"reduction": g.choice(["mean", "sum", "none"])} if g.chance(0.6) else {}
    name = g.choice(["margin_ranking", "triplet", "multi_margin", "cosine_embedding"])
    other = g.like(x, shape)
    if name == "triplet":
        return step("nn.functional.triplet_margin_loss", ref(x), ref(other), ref(g.like(x, shape)), **reduction)
    if name == "multi_margin":
        return step("nn.functional.multi_margin_loss", ref(x), ref(g.indices([shape[0]], shape[1])), **reduction) if shape[1] > 0 else None
    if name == "cosine_embedding":
        return step("nn.functional.cosine_embedding_loss", ref(x), ref(other), ref(g.fresh([shape[0]], "int64", False, 1, 1)), **reduction)
    return step("nn.functional.margin_ranking_loss", ref(x), ref(other), ref(g.like(x, shape, False)), margin=0.3, **reduction)


LAYERS = [layer_norm, layer_norm, batch_norm, group_norm, instance_norm, conv, conv, pool, pool, linear, linear, embedding, padded, resized, similarity]
LOSSES = [loss, loss, class_loss, margin_loss]
