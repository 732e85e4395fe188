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
print(json.dumps(out))
