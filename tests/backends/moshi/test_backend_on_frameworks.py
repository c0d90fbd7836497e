"""The whole backend on real models, tiny and random: what a conversation needs of them works."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from assistant.audio.types import Float32
from assistant.backends.moshi.backend import MoshiBackend
from assistant.backends.moshi.checkpoint.memory import Framework
from assistant.backends.moshi.contract import Codes, Step
from assistant.frames import (
    FRAME_SAMPLES,
    AgentText,
    AnyEvent,
    AudioOut,
    Failed,
    Load,
    NotesWanted,
    PersonaPrompt,
    Prefilled,
    UtteranceEnded,
)
from tests.backends.moshi.conftest import MakeCheckpoint

OPTIONS: dict[str, str | int | float | bool | None] = {
    "device": "cpu",
    "quantize": "none",
    "listener": "none",
    "snapshot_mb": 64,
    "temperature": 0.0,
    "text_temperature": 0.0,
    "seed": 1,
}
BUTLER = PersonaPrompt(slug="jarvis", name="Jarvis", text="You are a wise and friendly butler.")
ROBOT = PersonaPrompt(slug="robot", name="Robot", text="You answer questions.")


class Conversation:
    def __init__(self, folder: Path, framework: Framework) -> None:
        self.events: list[AnyEvent] = []
        self.backend = MoshiBackend(self.events.append, framework)
        self.line = self.backend.load(Load({**OPTIONS, "weights": str(folder)}, [], True))
        self.number = 0
        self._noise = np.random.default_rng(0)

    def push(self, frames: int) -> None:
        for _ in range(frames):
            sound = self._noise.normal(0, 0.05, FRAME_SAMPLES).astype(np.float32)
            self.backend.push(self.number, sound)
            self.number += 1

    def push_until_over(self, utterance: int, at_most: int = 150) -> None:
        for _ in range(at_most):
            self.push(1)
            if any(e == UtteranceEnded(utterance, e.samples) for e in self.ended()):
                return

    def ended(self) -> list[UtteranceEnded]:
        return [e for e in self.events if isinstance(e, UtteranceEnded)]

    def words(self, utterance: int) -> str:
        spoken = (e for e in self.events if isinstance(e, AgentText) and e.utterance == utterance)
        return "".join(e.text for e in spoken)

    def failures(self) -> list[Failed]:
        return [e for e in self.events if isinstance(e, Failed)]


@pytest.fixture(params=["torch", "mlx"])
def framework(request: pytest.FixtureRequest) -> Framework:
    if request.param == "mlx":
        pytest.importorskip("mlx.core", reason="mlx runs this one")
        pytest.importorskip("moshi_mlx", reason="moshi_mlx runs this one")
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def plex(checkpoint: MakeCheckpoint, framework: Framework) -> Conversation:
    return Conversation(checkpoint("personaplex", context=400), framework)


def test_a_greeting_is_spoken_word_for_word(plex: Conversation) -> None:
    plex.backend.change_persona(BUTLER)
    plex.backend.say(1, "good evening sir. please enjoy the day.", final=True)
    plex.push_until_over(1)
    assert plex.failures() == []
    assert plex.words(1) == "good evening sir. please enjoy the day."
    sound = b"".join(e.pcm for e in plex.events if isinstance(e, AudioOut) and e.utterance == 1)
    (ended,) = (e for e in plex.ended() if e.utterance == 1)
    assert ended.samples == len(sound) // 4 > 10 * FRAME_SAMPLES
    assert np.abs(np.frombuffer(sound, "<f4")).max() > 0


def test_a_persona_comes_back_as_it_was(plex: Conversation) -> None:
    model, codec = plex.backend._engine.lm, plex.backend._codec
    step, tokens = model.step, []

    def listening(*args: object) -> Step:
        tokens.append(step(*args))  # type: ignore[arg-type]
        return tokens[-1]

    model.step = listening  # type: ignore[method-assign, assignment]
    codec.encode = lambda frame: np.arange(8) * 7  # type: ignore[method-assign]

    def beginning_as(prompt: PersonaPrompt) -> list[tuple[int, list[int]]]:
        """The tokens of the second after a change, greedy, the user humming the same tune."""
        plex.backend.change_persona(prompt)
        tokens.clear()
        plex.push(12)
        return [(t.text, [] if t.audio is None else t.audio.tolist()) for t in tokens]

    prefilled = beginning_as(BUTLER)
    plex.backend.prefill(ROBOT, swap=False)
    plex.push(10)
    assert beginning_as(ROBOT) != prefilled
    assert beginning_as(BUTLER) == prefilled
    changes = [e for e in plex.events if isinstance(e, Prefilled)]
    assert [(e.slug, e.swapped) for e in changes] == [
        ("jarvis", True),
        ("robot", False),
        ("robot", True),
        ("jarvis", True),
    ]
    assert changes[-1].snapshots == 2
    assert changes[-1].snapshot_bytes > 0
    assert plex.failures() == []


def test_plain_moshi_says_so_and_speaks(checkpoint: MakeCheckpoint, framework: Framework) -> None:
    plain = Conversation(checkpoint("moshi"), framework)
    assert not plain.backend.capabilities.text_prompt
    assert "manner and a voice of its own" in plain.backend.note
    plain.backend.change_persona(BUTLER)
    plain.backend.inject("The weather is here: very good.")
    plain.backend.say(7, "hello there.", final=True)
    plain.push_until_over(7)
    assert plain.words(7) == "hello there."
    assert plain.failures() == []


def test_a_conversation_of_many_contexts_sounds_like_one(
    checkpoint: MakeCheckpoint, framework: Framework
) -> None:
    """Ten windows and more of one talk: every frame heard once, its sound without a seam, the
    prompt never older than it may be, and notes of the first window still there in the tenth."""
    plex = Conversation(checkpoint("personaplex", context=120), framework)
    codec, model, stepper = plex.backend._codec, plex.backend._engine.lm, plex.backend._stepper
    decode, step = codec.decode, model.step
    sound: list[Float32] = []
    spoken: list[Codes] = []
    steps, oldest, swapped_at = 0, 0, []

    def stepping(*args: object) -> Step:
        nonlocal steps
        steps += 1
        return step(*args)  # type: ignore[arg-type]

    def decoding(codes: Codes) -> Float32:
        spoken.append(codes)
        sound.append(decode(codes))
        return sound[-1]

    plex.backend.change_persona(BUTLER)
    plex.push(3)
    codec.reset_decoder()
    model.step, codec.decode = stepping, decoding  # type: ignore[method-assign, assignment]
    for frame in range(560):
        seen = len(plex.events)
        plex.push(1)
        oldest = max(oldest, model.snapshot().positions if frame % 5 == 0 else 0)
        for event in plex.events[seen:]:
            if isinstance(event, NotesWanted):
                notes = replace(BUTLER, notes="the user is called sir.")
                plex.backend.prefill(notes, swap=True)
            if isinstance(event, Prefilled) and event.tail:
                swapped_at.append(frame)
    assert plex.failures() == []
    assert len(swapped_at) >= 10
    assert steps == len(sound) == 560
    assert oldest <= 0.9 * 120
    assert stepper._personas.current is not None
    assert "called sir" in stepper._personas.current.notes
    jumps = [abs(float(b[0] - a[-1])) for a, b in pairwise(sound)]
    for frame in swapped_at:
        near = [*jumps[max(0, frame - 12) : frame - 1], *jumps[frame + 1 : frame + 12]]
        assert jumps[frame - 1] <= 1.01 * max(near)
    codec.reset_decoder()
    in_one_piece = [decode(codes) for codes in spoken]
    assert np.array_equal(np.concatenate(sound), np.concatenate(in_one_piece))
