"""Try all targets for a time: `python -m tests.fuzz.run [--seconds 120] [--only NAME] [--seed N]`.

Every target gets the same share of the time. An input that ends in a fault is made smaller, kept
in `corpus/NAME/` by its hash, and told; the exit status is 1 then. Without --seed each run tries
other inputs; the seed that is told repeats a run on the same machine, as far as it got.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.mutate import mutated
from tests.fuzz.targets import CORPUS, Target, TooLong, all_targets, attempt, known_inputs

MEMORY = 4 << 30
"""Bytes of address space: an input that takes more ends in a `MemoryError`, not in swapping."""
SHRINKING = 5.0
"""Seconds in which an input that ends in a fault is made smaller."""
ENOUGH = 5
"""Different faults after which a target is left: mend these first."""


@dataclass(frozen=True, slots=True)
class Fault:
    target: str
    mark: str
    """The kind of the exception and the place in the program: equal for the same fault."""
    told: str
    file: Path


def main() -> int:
    options = _options()
    _limit_memory()
    targets = [each for each in all_targets() if options.only in ("", each.NAME)]
    if not targets:
        print(f"no target is called {options.only}", file=sys.stderr)
        return 2
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"{len(targets)} targets, {options.seconds:g} s, --seed {seed}")
    faults: list[Fault] = []
    for target in targets:
        faults += fuzz(
            target, options.seconds / len(targets), random.Random(f"{seed} {target.NAME}")
        )
    for fault in faults:
        print(f"\n{fault.target}: {fault.mark}\n{fault.told}\nkept as {fault.file}")
    return 1 if faults else 0


def fuzz(target: Target, seconds: float, chance: random.Random) -> list[Fault]:
    """What is known, then changes of it, until the time is over."""
    pool = [data for _, data in known_inputs(target)]
    faults: dict[str, Fault] = {}
    count, began = 0, time.monotonic()
    waiting = list(pool)
    while time.monotonic() - began < seconds and len(faults) < ENOUGH:
        data = waiting.pop() if waiting else mutated(chance.choice(pool), pool, chance)
        count += 1
        if (mark := _mark(target, data)) and mark not in faults:
            faults[mark] = _kept(target, mark, _shrunk(target, data, mark))
    print(f"{target.NAME}: {count} inputs, {len(faults)} faults", flush=True)
    return list(faults.values())


def _mark(target: Target, data: bytes) -> str:
    """ "" where all is well."""
    try:
        attempt(target, data)
    except (Exception, TooLong) as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if "/assistant/" in frame.filename] or frames
        return f"{type(error).__name__} in {Path(ours[-1].filename).name}, {ours[-1].name}"
    return ""


def _shrunk(target: Target, data: bytes, mark: str) -> bytes:
    """The same fault with less: stretches are left out, long ones first."""
    until = time.monotonic() + SHRINKING
    size = len(data) // 2
    while size:
        at = 0
        while at < len(data):
            if time.monotonic() > until:
                return data
            less = data[:at] + data[at + size :]
            if _mark(target, less) == mark:
                data = less
            else:
                at += size
        size //= 2
    return data


def _kept(target: Target, mark: str, data: bytes) -> Fault:
    file = CORPUS / target.NAME / hashlib.sha256(data).hexdigest()[:16]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    try:
        attempt(target, data)
        told = "does not happen twice: does the target have a state?"
    except (Exception, TooLong):
        told = "".join(traceback.format_exc().splitlines(keepends=True)[-12:]).rstrip()
    return Fault(target.NAME, mark, told, file)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Try the parsers with inputs nobody wrote.")
    parser.add_argument("--seconds", type=float, default=120, help="for all targets together")
    parser.add_argument("--only", default="", metavar="NAME", help="one target")
    parser.add_argument("--seed", type=int, help="repeat a run")
    return parser.parse_args()


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))


if __name__ == "__main__":
    sys.exit(main())
