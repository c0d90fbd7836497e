"""Where memory is sealed or a conversation is private, no rendered sentence is left on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.voice_cache import SoundsInMemory
from assistant.backends.registry import backend_options
from assistant.config.schema import Config


def sound(level: float, seconds: float = 1.0) -> Float32:
    return np.full(int(24_000 * seconds), level, np.float32)


def test_what_was_rendered_once_sounds_at_once_and_no_file_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cache = SoundsInMemory(1)
    assert cache.get("a") is None
    cache.put("a", sound(0.25))
    kept = cache.get("a")
    assert "a" in cache
    assert kept is not None
    assert np.array_equal(kept, sound(0.25))
    assert list(tmp_path.rglob("*")) == []


def test_the_least_recently_used_go() -> None:
    cache = SoundsInMemory(1)
    for name in "abcdefghij":
        cache.put(name, sound(0.1))
        cache.put(name, sound(0.2))
    assert [name for name in "abcdefghij" if name in cache] == list("abcdefghij")
    cache.get("a")
    cache.put("k", sound(0.1))
    assert "a" in cache
    assert "b" not in cache
    cache.put("huge", sound(0.1, 20))
    assert "huge" not in cache
    assert "a" in cache
    SoundsInMemory(0).put("a", sound(0.1))


@pytest.mark.parametrize(
    ("memory", "kept"),
    [
        ({}, True),
        ({"encryption": "keyring"}, False),
        ({"encryption": "passphrase"}, False),
        ({"encryption": "passphrase", "enabled": False}, True),
        ({"private": True}, False),
    ],
)
def test_the_settings_decide(memory: dict[str, object], kept: bool) -> None:
    config = Config.model_validate({"memory": memory})
    assert backend_options("cascade", config).get("keep_sounds", True) is kept
    assert "keep_sounds" not in backend_options("moshi-server", config)
