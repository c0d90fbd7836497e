"""The measure of the dashboard under load runs the real program and counts what it did."""

from __future__ import annotations

import pytest

from assistant.bench.ui_load import KEYS, measure


def test_keys_are_seen_sound_flows_and_the_program_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.bench.ui_load._SETTLE_SECONDS", 2.0)
    alone, loaded, terminated, closed = measure(busy=1, backend="echo", keys=KEYS[:3])
    assert len(alone.values) == len(loaded.values) == 3
    assert all(milliseconds > 0 for milliseconds in (*alone.values, *loaded.values))
    shed, of = loaded.note.split("; ")[1].split(" frames")[0].split(" of ")
    assert int(of) > 0
    assert int(shed) <= int(of)
    assert all(0 < seconds < 30 for seconds in (*terminated.values, *closed.values))


def test_the_letters_are_all_different() -> None:
    assert len(set(KEYS)) == len(KEYS)
