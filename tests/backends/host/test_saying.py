"""How something is to be said reaches a backend that can say it so, and no other."""

from __future__ import annotations

from typing import Any, cast

import pytest

from assistant.backends.base import Backend
from assistant.backends.host.send_queue import SendQueue
from assistant.backends.host.worker import handle
from assistant.frames import Capabilities, Prosody, Say, VoiceSpec

DRY = Prosody(rate=0.97, pitch=-0.8, by_text=True)
HAL = VoiceSpec(kokoro={"bm_daniel": 1.0})


class Recorder:
    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self.said: list[dict[str, Any]] = []

    def say(self, utterance: int, text: str, **how: Any) -> None:
        self.said.append({"text": text, **how})


@pytest.mark.parametrize("able", [True, False])
def test_prosody_and_voice_are_handed_to_who_can_do_them(able: bool) -> None:
    recorder = Recorder(Capabilities(say=True, prosody=able))
    command = Say(1, "Indeed.", True, 1.2, DRY, HAL)
    handle(command, cast(Backend, recorder), cast(SendQueue, None))
    how = {"prosody": DRY, "voice": HAL} if able else {}
    assert recorder.said == [{"text": "Indeed.", "final": True, "rate": 1.2, **how}]
