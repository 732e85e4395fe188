"""Records what PyTorch 1.13 gives for tests/quantization: /usr/bin/python3 record.py > recorded.json"""
import json

import torch

torch.manual_seed(0)
x = torch.cat([torch.randn(12) * 3, torch.tensor([0.25, 0.75, -0.25, 1.25, 1e9, -1e9, 0.05, 0.15])]).reshape(4, 5)
scales = torch.tensor([0.1, 0.2, 0.03, 0.5, 0.25])
zero_points = torch.tensor([0, 3, -7, 1, 2])
grad = torch.arange(20.0).reshape(4, 5)


def quantized(r):
    return {"int": r.int_repr().tolist(), "deq": r.dequantize().tolist(), "repr": repr(r)}


def per_tensor(scale, zero_point, dtype):
    r = torch.quantize_per_tensor(x, scale, zero_point, getattr(torch, dtype))
    return {"args": [scale, zero_point, dtype], **quantized(r)}


def faked(f, *args):
    y = x.clone().requires_grad_()
    out = f(y, *args)
    out.backward(grad)
    return {"out": out.tolist(), "grad": y.grad.tolist()}


def fake(*args):
    return {"args": args, **faked(torch.fake_quantize_per_tensor_affine, *args)}


out = {
    "x": x.tolist(),
    "scales": scales.tolist(),
    "zeroPoints": zero_points.tolist(),
    "perTensor": [
        per_tensor(0.5, 0, "qint8"),
        per_tensor(0.1, 10, "quint8"),
        per_tensor(0.037, -5, "qint8"),
        per_tensor(0.1, 255, "quint8"),
    ],
    "perChannel": quantized(torch.quantize_per_channel(x, scales, zero_points, 1, torch.qint8)),
    "fake": [fake(0.5, 0, -128, 127), fake(0.1, 10, 0, 255), fake(0.037, 3, 0, 15)],
    "fakePerChannel": faked(torch.fake_quantize_per_channel_affine, scales, zero_points.int(), 1, -8, 7),
}


def qparams(observer, *inputs):
    for i in inputs:
        observer(i)
    scale, zero_point = observer.calculate_qparams()
    state = {k: v.tolist() for k, v in observer.state_dict().items() if k in ("min_val", "max_val")}
    return {"scale": scale.tolist(), "zeroPoint": zero_point.tolist(), **state}


torch.manual_seed(1)
batches = [torch.randn(6, 4) * 2 + 0.5, torch.randn(6, 4) * 3, torch.rand(6, 4) * 9 + 0.1]
NAMES = {"dtype": "dtype", "qscheme": "qscheme", "reduce_range": "reduceRange", "quant_min": "quantMin",
         "quant_max": "quantMax", "ch_axis": "chAxis", "averaging_constant": "averagingConstant",
         "bins": "bins", "upsample_rate": "upsampleRate"}


def observed(name, inputs=batches, **options):
    given = {NAMES[k]: str(v).replace("torch.", "") if k in ("dtype", "qscheme") else v for k, v in options.items()}
    return {"name": name, "options": given, **qparams(getattr(torch.ao.quantization, name)(**options), *inputs)}


symmetric = {"dtype": torch.qint8, "qscheme": torch.per_tensor_symmetric}
channels = {"dtype": torch.qint8, "qscheme": torch.per_channel_symmetric}
out["batches"] = [b.tolist() for b in batches]
out["observers"] = [
    observed("MinMaxObserver"),
    observed("MinMaxObserver", reduce_range=True),
    observed("MinMaxObserver", **symmetric),
    observed("MinMaxObserver", quant_min=0, quant_max=100, qscheme=torch.per_tensor_symmetric),
    observed("MinMaxObserver", quant_min=0, quant_max=127),
    observed("MinMaxObserver", dtype=torch.qint8, reduce_range=True),
    observed("MovingAverageMinMaxObserver"),
    observed("MovingAverageMinMaxObserver", averaging_constant=0.3, **symmetric),
    observed("PerChannelMinMaxObserver"),
    observed("PerChannelMinMaxObserver", ch_axis=1, **channels),
    observed("MovingAveragePerChannelMinMaxObserver", ch_axis=1, averaging_constant=0.25),
    observed("HistogramObserver"),
    observed("HistogramObserver", reduce_range=True),
    observed("HistogramObserver", bins=32, upsample_rate=8),
    observed("HistogramObserver", **symmetric),
]
torch.manual_seed(2)
wide = [torch.randn(500) * 20, torch.randn(500) * 40, torch.randn(500) * 10]
out["wide"] = [w.tolist() for w in wide]
out["histograms"] = [observed("HistogramObserver", wide), observed("HistogramObserver", wide[:1]), observed("HistogramObserver", wide[:2], bins=64, upsample_rate=16)]


def dynamic(engine, net, x):
    torch.backends.quantized.engine = engine
    return torch.ao.quantization.quantize_dynamic(net, {torch.nn.Linear})(x).tolist()


torch.manual_seed(3)
net = torch.nn.Sequential(torch.nn.Linear(6, 5), torch.nn.ReLU(), torch.nn.Linear(5, 3))
x = torch.randn(4, 6) * 2
q = torch.ao.quantization.quantize_dynamic(net, {torch.nn.Linear})
out["dynamic"] = {
    "x": x.tolist(),
    "state": {k: v.tolist() for k, v in net.state_dict().items()},
    "integers": [q[i].weight().int_repr().tolist() for i in (0, 2)],
    "scales": [q[i].weight().q_scale() for i in (0, 2)],
    "repr": repr(q),
    "onednn": dynamic("onednn", net, x),
    "qnnpack": dynamic("qnnpack", net, x),
}
print(json.dumps(out))
