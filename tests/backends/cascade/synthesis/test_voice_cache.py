"""What was rendered once sounds at once: kept whole, bounded, and never in the way."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.voice_cache import SUFFIX, VoiceCache
from assistant.frames import VoiceSpec

VOICE = VoiceSpec(kokoro={"bm_george": 1.0}, speed=1.05)


def sound(seed: int = 0, samples: int = 5_000) -> Float32:
    return np.random.default_rng(seed).uniform(-0.9, 0.9, samples).astype(np.float32)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_clause_comes_back_as_it_was(tmp_path: Path) -> None:
    VoiceCache(tmp_path, 1).put("ab12", sound())
    kept = VoiceCache(tmp_path, 1).get("ab12")
    assert kept is not None
    assert kept.dtype == np.float32
    np.testing.assert_allclose(kept, sound(), atol=1 / 32767)


def test_everything_that_changes_the_sound_changes_the_key(tmp_path: Path) -> None:
    cache = VoiceCache(tmp_path, 1)
    other_voice = VoiceSpec(kokoro={"bm_george": 1.0}, speed=1.05, effect="radio")
    keys = {
        cache.key("kokoro/1", "Yes, sir.", VOICE, 1.0),
        cache.key("kokoro/2", "Yes, sir.", VOICE, 1.0),
        cache.key("kokoro/1", "No, sir.", VOICE, 1.0),
        cache.key("kokoro/1", "Yes, sir.", other_voice, 1.0),
        cache.key("kokoro/1", "Yes, sir.", VOICE, 1.2),
    }
    assert len(keys) == 5


def test_what_sounds_the_same_has_the_same_key(tmp_path: Path) -> None:
    cache = VoiceCache(tmp_path, 1)
    blend, same = VoiceSpec(kokoro={"a": 0.5, "b": 0.5}), VoiceSpec(kokoro={"b": 0.5, "a": 0.5})
    assert cache.key("e", "It is 9:30.", blend, 1.0) == cache.key("e", "It is **9:30**.", same, 1.0)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "foreign"])
def test_a_broken_file_is_deleted_and_not_played(tmp_path: Path, damage: str) -> None:
    cache = VoiceCache(tmp_path, 1)
    cache.put("ab12", sound())
    path = next(tmp_path.rglob(f"*{SUFFIX}"))
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[700] ^= 0x40
    broken = {"truncated": bytes(data[:900]), "flipped": bytes(data), "empty": b""}
    path.write_bytes(broken.get(damage, b"RIFF" * 40))
    assert cache.get("ab12") is None
    assert not path.exists()


def test_the_folder_stays_under_its_limit_and_the_least_used_go(tmp_path: Path) -> None:
    cache = VoiceCache(tmp_path, 1)
    for n in range(30):
        cache.put(f"{n:02d}aa", sound(n, 30_000))
        assert cache.get("00aa") is not None
    assert sum(path.stat().st_size for path in files(tmp_path)) <= 1_000_000
    assert "29aa" in cache
    assert "01aa" not in cache


def test_zero_megabytes_keep_nothing(tmp_path: Path) -> None:
    cache = VoiceCache(tmp_path, 0)
    cache.put("ab12", sound())
    assert cache.get("ab12") is None
    assert files(tmp_path) == []


def test_an_unwritable_folder_is_told_once_and_speech_goes_on(tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("in the way")
    problems: list[str] = []
    cache = VoiceCache(blocker / "voice", 1, problems.append)
    cache.put("ab12", sound())
    cache.put("cd34", sound())
    assert cache.get("ab12") is None
    assert len(problems) == 1


def test_a_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    problems: list[str] = []
    cache = VoiceCache(tmp_path, 1, problems.append)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        cache.put("ab12", sound())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert files(tmp_path) == []
    assert "cannot be kept" in problems[0]


HAMMER = """
import sys
from pathlib import Path
from tests.backends.cascade.synthesis.test_voice_cache import VoiceCache, sound
cache = VoiceCache(Path(sys.argv[1]), 1)
for n in range(150):
    key = f"{n % 40:02d}aa"
    kept = cache.get(key)
    assert kept is None or abs(kept - sound(n % 40, 20_000)).max() < 1e-3
    cache.put(key, sound(n % 40, 20_000))
"""


def test_two_processes_share_one_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HAMMER, str(tmp_path)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr.decode()
    assert not [path for path in files(tmp_path) if path.suffix != SUFFIX]
    assert sum(path.stat().st_size for path in files(tmp_path)) < 2_000_000
