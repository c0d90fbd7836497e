"""`kill -9` at random moments, and at every change of the small files: `scripts/kill_plain.py` in
short, and what `assistant config set`, the transcript and the last lines leave behind."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from assistant.backends.cascade.synthesis.voice_cache import VoiceCache
from assistant.config.editing import set_value, unset_value
from assistant.config.loading import parse
from assistant.session.persona_switch import LineChooser
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore, list_transcripts
from tests.interruption import Tell, copy_of, every_interruption

KILLS = 6
_SCRIPT = Path(__file__).parents[2] / "scripts" / "kill_plain.py"


@pytest.fixture
def kill_plain() -> ModuleType:
    spec = importlib.util.spec_from_file_location("kill_plain", _SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["kill_plain"] = module  # dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL here")
def test_nothing_that_plain_acknowledged_is_lost(
    kill_plain: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    code = kill_plain.main(["--kills", str(KILLS), "--seed", "7"])
    said = capsys.readouterr().out
    assert code == 0, said
    assert "doctor agrees" in said
    assert " 0 acknowledged" not in said, "a test that never heard an answer shows nothing"


def test_the_settings_are_the_old_ones_or_the_new_ones(tmp_path: Path) -> None:
    file, begun = tmp_path / "config" / "config.toml", tmp_path / "begun"
    old = '# mine\n[audio]\nvolume = 0.5  # soft\n\n[session]\npersona = "glados"\n'
    file.parent.mkdir()
    file.write_text(old)
    copy_of(file.parent, begun)

    def work(tell: Tell) -> None:
        set_value("audio.volume", "0.25", file)
        tell("volume = 0.25  # soft")
        unset_value("session.persona", file)
        tell("gone")

    ends = set[str]()
    for _, ending in every_interruption(work, lambda: copy_of(begun, file.parent)):
        text = file.read_text()
        ends.add(text)
        parse(text, file)
        assert text.startswith("# mine\n[audio]\n")
        assert "gone" not in ending.told or "glados" not in text
        assert "volume" not in " ".join(ending.told) or "volume = 0.25  # soft" in text
    assert len(ends) == 3


def test_a_transcript_holds_every_turn_that_was_over(tmp_path: Path) -> None:
    folder, begun = tmp_path / "transcripts", tmp_path / "begun"
    begun.mkdir()
    at = datetime(2026, 11, 21, 19, 5)

    def work(tell: Tell) -> None:
        store = TranscriptStore(folder)
        for text in ("My parrot is called Picasso.", "My cat is called Pixel."):
            assert store.append(TranscriptEntry(at, "user", "You", text)) is None
            tell(text)
        store.close()

    counts = []
    for _, ending in every_interruption(work, lambda: copy_of(begun, folder)):
        found = "".join(path.read_text() for path in folder.glob("*.md"))
        assert all(text in found for text in ending.told)
        counts.append(sum(info.turns for info in list_transcripts(folder)))
    assert counts[-1] == 2


def test_the_last_lines_are_the_old_ones_or_the_new_ones(tmp_path: Path) -> None:
    folder, begun = tmp_path / "data", tmp_path / "begun"
    begun.mkdir()
    (begun / "last_lines.json").write_text('{"a": "one"}')
    seen = set[str]()

    def work(tell: Tell) -> None:
        tell(LineChooser(1, folder / "last_lines.json").choose("a", ["one", "two"]))

    for _, ending in every_interruption(work, lambda: copy_of(begun, folder)):
        last = json.loads((folder / "last_lines.json").read_text())
        seen.add(last["a"])
        assert not ending.told or last == {"a": "two"}
    assert seen == {"one", "two"}


def test_a_rendered_line_is_whole_or_not_there(tmp_path: Path) -> None:
    folder, begun = tmp_path / "voice", tmp_path / "begun"
    begun.mkdir()
    sound = np.linspace(-0.5, 0.5, 24_000, dtype=np.float32)

    def work(tell: Tell) -> None:
        VoiceCache(folder, 10).put("ab" * 20, sound)
        tell("kept")

    lengths = set[int]()
    for _, ending in every_interruption(work, lambda: copy_of(begun, folder)):
        found = VoiceCache(folder, 10).get("ab" * 20)
        lengths.add(0 if found is None else found.size)
        assert found is not None or not ending.told
    assert lengths == {0, sound.size}
