"""What was found once, and every seed, does no harm; and the runner finds what is there to find."""

from __future__ import annotations

import random
import types
from pathlib import Path

import pytest

from tests.fuzz import run, targets
from tests.fuzz.mutate import MAX_BYTES, mutated
from tests.fuzz.targets import Target, all_targets, attempt, known_inputs

TARGETS = all_targets()


@pytest.mark.parametrize("target", TARGETS, ids=[target.NAME for target in TARGETS])
def test_no_known_input_does_harm(target: Target) -> None:
    inputs = known_inputs(target)
    assert target.SEEDS
    for name, data in inputs:
        try:
            attempt(target, data)
        except Exception as error:
            raise AssertionError(f"{target.NAME}, {name}: {data[:200]!r}") from error


def test_every_target_has_its_own_corpus() -> None:
    names = [target.NAME for target in TARGETS]
    assert len(set(names)) == len(names)
    assert {path.name for path in targets.CORPUS.glob("*") if path.is_dir()} <= set(names)


def _target(name: str, one: object) -> Target:
    return types.SimpleNamespace(NAME=name, SEEDS=[b"number 7, word ada\n"], one=one)  # type: ignore[return-value]


def test_a_fault_is_found_made_small_kept_and_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CORPUS", tmp_path)
    monkeypatch.setattr(targets, "CORPUS", tmp_path)
    monkeypatch.setattr(run, "ENOUGH", 1)

    def one(data: bytes) -> None:
        digits = b"".join(each for each in data.split() if each.strip(b",").isdigit())
        if len(digits) > 15:
            raise OverflowError(len(data))

    found = run.fuzz(_target("digits", one), 60.0, random.Random(1))
    assert [fault.mark for fault in found] == ["OverflowError in test_corpus.py, one"]
    kept = found[0].file.read_bytes()
    assert len(kept) == 16, kept
    assert (found[0].file.name, kept) in known_inputs(_target("digits", one))


def test_an_input_that_takes_for_ever_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "TOO_LONG", 0.05)

    def one(data: bytes) -> None:
        while True:
            try:
                while True:
                    pass
            except Exception:
                continue

    with pytest.raises(targets.TooLong):
        attempt(_target("slow", one), b"")


def test_mutations_repeat_with_their_seed_and_stay_small() -> None:
    seeds = [b"", b"a: 1\n", b"- x\n" * 100, bytes(range(256))]

    def some() -> list[bytes]:
        chance = random.Random(7)
        return [mutated(chance.choice(seeds), seeds, chance) for _ in range(2000)]

    once = some()
    assert once == some()
    assert len(set(once)) > 1000
    assert max(map(len, once)) <= MAX_BYTES
