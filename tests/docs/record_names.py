"""Writes pytorch.json: the public names of PyTorch 1.13, by module. Run anywhere with it installed.

    python3 tests/docs/record_names.py
"""
import importlib
import json
import os
import types

import torch

MODULES = ['torch', 'torch.nn', 'torch.nn.functional', 'torch.nn.init', 'torch.nn.utils', 'torch.nn.utils.rnn',
           'torch.nn.utils.parametrize', 'torch.nn.utils.parametrizations', 'torch.nn.utils.prune', 'torch.optim',
           'torch.optim.lr_scheduler', 'torch.optim.swa_utils', 'torch.utils.data', 'torch.autograd', 'torch.autograd.functional',
           'torch.distributions', 'torch.linalg', 'torch.fft', 'torch.special', 'torch.cuda.amp']


def is_public(module, name):
    value = getattr(module, name, None)
    if name.startswith('_') or isinstance(value, types.ModuleType):
        return False
    if hasattr(module, '__all__'):
        return True
    # What a module has only imported is not its own; builtins are of torch._C, torch._VF and the like.
    home = getattr(value, '__module__', None)
    return callable(value) and (home is None or home.startswith('torch')) and name not in ('Tensor', 'handle_torch_function')


names = {}
for path in MODULES:
    module = importlib.import_module(path)
    listed = getattr(module, '__all__', dir(module))
    if path == 'torch.autograd':
        listed = dir(module)
    names[path] = sorted({name for name in listed if is_public(module, name)})
names['torch'] = sorted({*names['torch'], *(n for n in dir(torch) if isinstance(getattr(torch, n), torch.dtype))})
names['torch.Tensor'] = sorted(name for name in dir(torch.Tensor) if not name.startswith('_'))
names['torch.nn.Module'] = sorted(name for name in dir(torch.nn.Module) if not name.startswith('_'))
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'pytorch.json'), 'w') as file:
    json.dump(names, file, indent=1)
    file.write('\n')
print({path: len(list_) for path, list_ in names.items()})
