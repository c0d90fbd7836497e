"""Who speaks for a persona where the engine is not the one that it was cast for."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.engines.casting import (
    FARTHEST,
    EngineVoice,
    cast,
    moved,
)
from assistant.backends.cascade.synthesis.retune import track_pitch
from assistant.frames import VoiceSpec
from assistant.personas.loading import load_personas

PEOPLE = (
    EngineVoice("ann", "f", british=True),
    EngineVoice("bea", "f"),
    EngineVoice("carl", "m"),
    EngineVoice("dan", "m", british=True),
    EngineVoice("ed", "m"),
)
KNOWN = (EngineVoice("high", "f", hertz=200.0), EngineVoice("low", "m", hertz=100.0))


def spec(**kokoro: float) -> VoiceSpec:
    return VoiceSpec(kokoro=kokoro)


def hum(hertz: float) -> Float32:
    at = np.arange(24_000) / 24_000
    return sum(
        (np.sin(2 * np.pi * hertz * n * at) / n for n in range(1, 12)), np.zeros(24_000)
    ).astype(np.float32)


def test_a_man_is_spoken_by_a_man_and_the_british_by_the_british() -> None:
    assert cast("any", spec(bm_george=1.0), PEOPLE).name == "dan"
    assert cast("any", spec(bf_emma=1.0), PEOPLE).name == "ann"
    assert cast("any", spec(af_heart=1.0), PEOPLE).name == "bea"
    assert cast("any", VoiceSpec(), PEOPLE).name == "bea"


def test_two_men_are_two_people_where_there_are_two() -> None:
    names = {cast("any", spec(**{name: 1.0}), PEOPLE).name for name in ("am_michael", "am_onyx")}
    assert names == {"carl", "ed"}


def test_what_the_personas_file_says_counts() -> None:
    named = VoiceSpec(kokoro={"bm_george": 1.0}, engines={"any": "bea", "other": "ann"})
    assert cast("any", named, PEOPLE).name == "bea"
    recording = VoiceSpec(engines={"any": "/a/file.wav"})
    assert cast("any", recording, PEOPLE, files=True).name == "/a/file.wav"
    assert cast("any", recording, PEOPLE).name == "bea", "where there can be no file"


def test_of_known_pitches_the_nearest_is_taken_and_moved_the_rest_of_the_way() -> None:
    deep = cast("any", spec(am_onyx=1.0), KNOWN)
    assert deep.name == "low"
    assert deep.ratio == pytest.approx(0.83)
    blended = cast("any", spec(af_kore=0.5, bf_emma=0.5), KNOWN)
    assert (blended.name, 146 / 200 < blended.ratio < 178 / 200) == ("high", True)


def test_nobody_is_moved_farther_than_people_differ() -> None:
    alone = cast("any", spec(am_onyx=1.0), KNOWN[:1])
    assert alone.name == "high"
    assert alone.ratio == pytest.approx(2 ** (-FARTHEST / 12))


def test_all_our_personas_find_somebody_of_their_sex() -> None:
    women = {"glados", "samantha", "plain", "wren"}
    for slug, persona in load_personas().loaded.items():
        chosen = cast("any", persona.voice.spec(), PEOPLE).name
        assert (chosen in ("ann", "bea")) == (slug in women), slug


@pytest.mark.parametrize("ratio", [0.75, 1.0, 1.3])
def test_a_moved_voice_has_another_pitch(ratio: float) -> None:
    sound = moved(hum(150.0), 24_000, ratio)
    assert len(sound) == pytest.approx(24_000 / ratio, abs=2)
    pitch = track_pitch(sound)
    assert np.median(pitch[pitch > 0]) == pytest.approx(150 * ratio, rel=0.03)


def test_other_rates_become_ours() -> None:
    assert len(moved(np.zeros(44_100, np.float32), 44_100)) == 24_000
    assert moved(np.zeros(0, np.float32), 44_100).size == 0
