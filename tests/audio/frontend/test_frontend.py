"""Whose voice is in the microphone, and when that is no longer known."""

from __future__ import annotations

import numpy as np
import soxr

from assistant.audio.frontend.frontend import FrontEnd
from assistant.config.schema import AudioConfig
from benchmarks.echo import listen, looped
from benchmarks.room import Room, at_level
from tests import speech


def test_lost_sound_has_to_be_made_up_for_by_new_proof() -> None:
    front = FrontEnd(AudioConfig())
    front.clean = True
    front.doubt()
    assert not front.clean
    silence = np.zeros(24_000, np.float32)
    front.heard(silence)
    assert front.stumbles
    for _ in range(10):
        front.heard(silence)
    assert not front.stumbles
    headset = FrontEnd(AudioConfig(headset=True))
    headset.doubt()
    assert headset.clean


def assistants_voice(seconds: float) -> np.ndarray:
    said = speech.espeak("The capital of France is Paris, which lies on the river Seine.")
    return looped([at_level(soxr.resample(said, 16_000, 24_000), -22.0)], seconds)


def test_a_loss_that_has_moved_nothing_is_soon_forgiven() -> None:
    far = assistants_voice(14.0)
    front = FrontEnd(AudioConfig())
    heard = listen(front, Room(), far, changes=[(10.0, lambda room: front.doubt())])
    assert heard.onsets == []
    first, again = (at for at, clean in heard.clean if clean)
    assert first < 5.0
    assert 10.0 < again < 11.2, "with a pause of the looped voice in it"


def test_who_is_louder_than_the_echo_is_noticed_even_just_after_a_loss() -> None:
    far = assistants_voice(12.0)
    front = FrontEnd(AudioConfig())
    words = at_level(soxr.resample(speech.espeak("Stop it now.", "en-gb"), 16_000, 24_000), -20.0)
    user = np.zeros_like(far)
    user[round(10.05 * 24_000) :][: words.size] = words
    room = Room(loss_db=20.0)
    heard = listen(front, room, far, user, changes=[(10.0, lambda room: front.doubt())])
    assert any(10.05 <= onset < 10.35 for onset in heard.onsets), heard.onsets
    assert not any(onset < 10.0 for onset in heard.onsets)
