"""Whose voice is in the microphone, and when that is no longer known."""

from __future__ import annotations

from assistant.audio.front import FrontEnd
from assistant.config import AudioConfig


def test_lost_sound_has_to_be_made_up_for_by_new_proof() -> None:
    front = FrontEnd(AudioConfig())
    front.clean = True
    front.doubt()
    assert not front.clean
    headset = FrontEnd(AudioConfig(headset=True))
    headset.doubt()
    assert headset.clean
