"""Writes recorded.json: what the programs in pytorch/ print, by name. Run in the root, with PyTorch 1.13 and NumPy.

    python3 tests/programs/record.py [NAME...]
"""
import json
import os
import subprocess
import sys

here = os.path.dirname(os.path.abspath(__file__))
target = os.path.join(here, 'recorded.json')
recorded = json.load(open(target)) if os.path.exists(target) else {}
parts = {'cartpole', 'mnist_data'}
names = sys.argv[1:] or sorted(f[:-3] for f in os.listdir(os.path.join(here, 'pytorch')) if f.endswith('.py') and f[:-3] not in parts)
for name in names:
    start = 'import runpy, sys, torch; torch.set_num_threads(1); sys.path.insert(0, sys.argv[1]); runpy.run_path(sys.argv[2])'
    folder = os.path.join(here, 'pytorch')
    run = subprocess.run([sys.executable, '-c', start, folder, os.path.join(folder, f'{name}.py')], stdout=subprocess.PIPE, text=True)
    if run.returncode:
        print(name, 'failed')
        continue
    recorded[name] = run.stdout.strip().split('\n')
    print(name, len(recorded[name]), 'lines', flush=True)
with open(target, 'w') as file:
    json.dump(dict(sorted(recorded.items())), file, indent=1)
    file.write('\n')
