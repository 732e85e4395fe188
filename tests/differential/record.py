"""PyTorch's side of the differential run.

python3 record.py --count N --seed S   writes the programs of N seeds with what must come out, one JSON a line
python3 record.py --serve              answers each line of {"program"} (or {"program", "freeze": step}) with the same for it
"""
import argparse
import json
import os
import resource
import sys

from catalogue import EXACT
from generator import generate
from interpreter import Trio, Unstable, execute
from values import encode, refs_of


def frozen(program, at):
    """The program with what step `at` gives as inputs in its place."""
    trio = Trio(program["inputs"], program.get("seed", 0))
    for step in program["steps"][: at + 1]:
        if trio.step(step, True) is not None and step is program["steps"][at]:
            raise Unstable("nothing to freeze")
    inputs = dict(program["inputs"])
    for name in program["steps"][at].get("out", []):
        t = trio.exact.values[name]
        if t is None:
            raise Unstable("nothing to freeze")
        inputs[name] = {**encode(t), **({"grad": True} if t.requires_grad else {})}
    return {**program, "inputs": inputs, "steps": program["steps"][:at] + program["steps"][at + 1 :]}


def used_inputs(program):
    used = {name for s in program["steps"] for name in refs_of([s.get("args", []), list(s.get("kwargs", {}).values())])}
    return {name: x for name, x in program["inputs"].items() if name in used}


def answer(request):
    program = request["program"]
    try:
        if "freeze" in request:
            program = frozen(program, request["freeze"])
        program = {**program, "inputs": used_inputs(program)}
        if not program["steps"]:
            return {"error": "there is no step"}
        return {"program": execute(program, EXACT)}
    except (Unstable, KeyError, RuntimeError) as error:
        return {"error": str(error)}


# Bytes that torch may take: sizes that are no longer small are refused, not found.
MEMORY = 6 * 2**30


def drawn_apart(seed):
    """Writes the program of a seed. In a process of its own, as there are programs that torch ends at."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            program = generate(seed)
            if program is not None:
                sys.stdout.write(json.dumps(program, separators=(",", ":")) + "\n")
                sys.stdout.flush()
            status = 0
        except Exception as error:
            print(f"seed {seed}: {error}", file=sys.stderr, flush=True)
        os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        print(f"seed {seed}: torch ended with signal {os.WTERMSIG(status)}", file=sys.stderr)


def main():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    if options.serve:
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), flush=True)
        return
    for seed in range(options.seed, options.seed + options.count):
        drawn_apart(seed)


main()
