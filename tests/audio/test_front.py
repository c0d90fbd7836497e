"""Whose voice is in the microphone, and when that is no longer known."""

from __future__ import annotations

import numpy as np

from assistant.audio.front import FrontEnd
from assistant.config import AudioConfig


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
