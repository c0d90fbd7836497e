"""What the benchmark of spoken names calls obeyed, asked about and wrong."""

import wave

import numpy as np
import pytest

from assistant.backends.base import BackendError
from assistant.backends.cascade.recognition.decode import Transcription
from benchmarks.names import (
    SPEAKERS,
    WAYS,
    Listener,
    Said,
    Studio,
    folders,
    in_room,
    recorded,
    rows,
)
from tests.language.test_intents import NAMES

RATE = 16_000


def said(slug, speaker="somebody", seconds=1.0):
    tone = 0.2 * np.sin(np.arange(int(seconds * RATE)) * 0.2)
    return Said(speaker, "…", slug, tone.astype(np.float32))


def listener(text, prompted=None):
    return Listener(lambda sound, names: Transcription(text, prompted), NAMES)


@pytest.mark.parametrize(
    ("slug", "text", "prompted", "outcome"),
    [
        ("hal", "Change to HAL 9000.", None, "obeyed"),
        ("tars", "Change to HAL 9000.", None, "wrong"),
        (None, "Change to HAL 9000.", None, "wrong"),
        ("hal", "Change to hail.", "Change to HAL 9000.", "asked"),
        (None, "Change to hail.", "Change to HAL 9000.", "asked about another"),
        ("hal", "Change the sheets.", None, "nothing"),
        (None, "Be quiet.", None, "nothing"),
    ],
)
def test_what_becomes_of_a_sentence(slug, text, prompted, outcome):
    assert listener(text, prompted).judge(said(slug), noisy=False).outcome == outcome


def test_noise_lies_ten_decibels_under_the_speech():
    sound = said("hal").sound

    quiet, noisy = (in_room(sound, noisy=noisy) for noisy in (False, True))

    level = [20 * np.log10(np.std(room[: int(0.3 * RATE)])) for room in (quiet, noisy)]
    speech = 20 * np.log10(np.std(quiet[int(0.5 * RATE) : int(1.2 * RATE)]))
    assert speech - level[1] == pytest.approx(10, abs=1.5)
    assert speech - level[0] > 35


def test_the_table_counts_commands_and_other_sentences_apart():
    judged = [
        listener("Change to TARS.").judge(said(slug, "Ada"), noisy=False)
        for slug in ("tars", "hal", "tars", None)
    ]

    shares = {row.name: (row.values[0], row.note) for row in rows(judged)}

    assert shares["commands, clean: obeyed"] == (pytest.approx(66.7, abs=0.1), "2 of 3")
    assert shares["commands, clean: wrong"][1] == "1 of 3"
    assert shares["  Ada: obeyed"][1] == "2 of 3"
    assert shares["other sentences, clean: wrong"][1] == "1 of 1"


def test_the_halves_share_no_voice():
    tuning, reporting = (
        {(s.engine, s.voice, s.blend) for s in SPEAKERS[half]} for half in ("tuning", "reporting")
    )

    assert not tuning & reporting
    assert WAYS["tuning"].keys() == WAYS["reporting"].keys()


def test_recordings_of_a_name_go_behind_a_carrier_and_half_of_them_to_each_half(
    tmp_path, monkeypatch
):
    for number in range(4):
        with wave.open(str(tmp_path / f"{number}.wav"), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(8_000)
            tone = 9_000 * np.sin(np.arange(8_000) * (0.1 + number / 50))
            out.writeframes(np.pad(tone, 4_000).astype("<i2").tobytes())
    studio = Studio()
    monkeypatch.setattr(studio, "say", lambda text, speaker: said(None, seconds=0.5).sound)

    halves = {
        half: list(recorded("jarvis", tmp_path, half, studio)) for half in ("tuning", "reporting")
    }

    assert [s.text.split(" | ")[1] for s in halves["tuning"]] == ["0.wav", "2.wav"]
    assert [s.text.split(" | ")[1] for s in halves["reporting"]] == ["1.wav", "3.wav"]
    for each in halves["tuning"]:
        assert each.slug == "jarvis"
        assert each.sound.size / RATE == pytest.approx(1.56, abs=0.05)


def test_a_folder_without_recordings_is_told(tmp_path):
    with pytest.raises(BackendError, match="no WAV files"):
        list(recorded("jarvis", tmp_path, "tuning", Studio()))
    with pytest.raises(BackendError, match="names no folder"):
        folders(["jarvis"])
