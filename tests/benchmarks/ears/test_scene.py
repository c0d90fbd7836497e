"""The long sound is what was asked for: levels, places, and nobody behind his own words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.frames import SAMPLE_RATE
from benchmarks.ears import backgrounds
from benchmarks.ears.backgrounds import background
from benchmarks.ears.clips import NOMINAL_DB, make_clip, voiced_span
from benchmarks.ears.conditions import ConditionError, read_conditions
from benchmarks.ears.manifest import ClipEntry, ClipEvents
from benchmarks.ears.music import song
from benchmarks.ears.scene import GAPS, length, place, voices
from benchmarks.room import speech_level_db
from benchmarks.turn_material import voiced
from tests.fakes import speech_like


def buzz(seconds=1.5, hertz=140.0, level=0.1):
    """A voice of sorts: harmonics that swell and fall, with silence around."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = sum(np.sin(2 * np.pi * k * hertz * time) / k for k in range(1, 12))
    swell = np.clip(np.sin(2 * np.pi * 2 * time), 0.05, 1)
    return padded(level * sound * swell)


def padded(sound, seconds=0.25):
    silence = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    return np.concatenate([silence, sound, silence]).astype(np.float32)


def clip(name="a", *, speaker="", level=0.1, hertz=140.0):
    entry = ClipEntry(Path(f"{name}.wav"), "", ClipEvents(), speaker, "tuning")
    made = make_clip(entry, buzz(level=level, hertz=hertz))
    assert made is not None
    return made


CLIPS = [clip(name, hertz=120 + 20 * n) for n, name in enumerate("abcdefg")]


def level_of(sound):
    return 10 * np.log10(np.mean(sound.astype(np.float64) ** 2))


@pytest.mark.parametrize("level", [0.003, 0.4])
def test_recordings_are_as_loud_as_each_other_whatever_they_were(level):
    sound = clip(level=level).sound

    assert speech_level_db(sound) == pytest.approx(NOMINAL_DB, abs=0.5)


def test_the_place_of_a_voice_is_known_to_a_few_hundredths():
    voice = speech_like(2.0)
    first, last = (each / SAMPLE_RATE for each in voiced(voice))

    begin, end = voiced_span(padded(voice, 1.0))

    assert begin == pytest.approx(1 + first, abs=0.15)
    assert end == pytest.approx(1 + last, abs=0.08)


def test_what_the_detector_takes_for_nobody_lies_where_it_is_loud():
    hum = np.sin(2 * np.pi * 400 * np.arange(SAMPLE_RATE) / SAMPLE_RATE) * 0.2
    click = np.zeros(SAMPLE_RATE)
    click[1200] = 0.9

    begin, end = voiced_span(np.concatenate([click, hum, 0 * hum]).astype(np.float32))

    assert (begin, end) == pytest.approx((1.0, 2.0), abs=0.05)


def test_silence_is_no_recording():
    entry = ClipEntry(Path("a.wav"), "", ClipEvents(), "", "tuning")

    assert make_clip(entry, np.zeros(SAMPLE_RATE, np.float32)) is None


def test_gaps_are_as_long_as_they_are_said_to_be_and_the_seed_decides():
    placements = place(CLIPS, 1)

    ends = [0.0, *(each.end for each in placements)]
    gaps = [each.start - end for each, end in zip(placements, ends, strict=False)]
    assert all(GAPS[0] <= gap <= GAPS[1] for gap in gaps)
    assert placements == place(CLIPS, 1) != place(CLIPS, 2)


def test_a_recording_lies_where_it_is_said_to_lie():
    placements = place(CLIPS, 1)
    sound = voices(placements)

    for each in placements:
        at = round(each.start * SAMPLE_RATE)
        there = sound[at : at + each.clip.sound.size]
        assert np.allclose(there, each.gain * each.clip.sound, atol=1e-6)
    assert sound.size == length(placements)


@pytest.mark.parametrize("name", ["pink-10", "pink-20", "babble-20", "babble-10", "near-10"])
def test_the_background_is_as_far_below_the_voice_as_was_asked(name):
    (condition,) = read_conditions(name)
    placements = place(CLIPS[:3], 1, gain_db=0)
    voice = voices(placements)

    behind = background(condition, placements, voice.size, CLIPS, "tuning", 1)

    ratio = speech_level_db(voice) - speech_level_db(behind)
    assert ratio == pytest.approx(condition.below_db, abs=0.6)


def test_a_quiet_room_is_not_silent_but_nearly():
    placements = place(CLIPS[:1], 1)

    behind = background(read_conditions("clean")[0], placements, 48_000, CLIPS, "tuning", 1)

    assert level_of(behind) == pytest.approx(-75, abs=1)


def test_nobody_talks_behind_a_recording_of_his_own(monkeypatch):
    monkeypatch.setattr(backgrounds, "in_room", lambda sound, seed: sound)
    mine = [clip(name, speaker="me", hertz=120) for name in "ab"]
    other = clip("c", speaker="you", hertz=313)
    placements = place(mine, 1)
    samples = length(placements)

    near = background(
        read_conditions("near-0")[0], placements, samples, [*mine, other], "tuning", 1
    )

    spectrum = np.abs(np.fft.rfft(np.concatenate([each.cut(near) for each in placements])))
    hertz = np.fft.rfftfreq(2 * spectrum.size - 2, 1 / SAMPLE_RATE)
    own, others = (spectrum[np.abs(hertz - pitch) < 3].max() for pitch in (120, 313))
    assert own < 0.1 * others


def test_a_song_is_the_same_for_the_same_seed_and_has_its_level():
    words = buzz(3)

    assert np.array_equal(song(words, 1), song(words, 1))
    assert not np.array_equal(song(words, 1), song(words, 2))
    assert level_of(song(words, 1)) == pytest.approx(0, abs=0.1)


def test_conditions_are_read_once_each_and_in_their_order():
    found = read_conditions("tv-20, clean,babble-7.5,clean")

    assert [each.name for each in found] == ["tv-20", "clean", "babble-7.5"]


@pytest.mark.parametrize(
    "written", ["", "dog-10", "clean-10", "babble", "babble-x", "tv-nan", "tv-200", "-10"]
)
def test_a_condition_that_there_is_none_of_is_told(written):
    with pytest.raises(ConditionError) as raised:
        read_conditions(written)

    assert raised.value.remedy
