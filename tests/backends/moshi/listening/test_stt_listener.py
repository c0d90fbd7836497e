"""What the user says is written down from Moshi's own codes: turns, words, and nothing lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.audio.vad import Window
from assistant.backends.base import BackendError
from assistant.backends.moshi.contract import LanguageModel, ModelShape, Sampling, Step
from assistant.backends.moshi.listening.stt_listener import LONGEST_QUEUE, SttListener
from assistant.frames import (
    FRAME_SECONDS,
    AnyEvent,
    Failed,
    SpokenNames,
    UserText,
    UserTurnEnded,
    UserTurnStarted,
)
from tests.backends.moshi.conftest import MakeCheckpoint

DELAY = 0.5
LATE = 6
"""Frames by which a word comes after its sound."""
PAD, NEXT_WORD = 3, 0
NAMES = [SpokenNames(slug="glados", name="GLaDOS", aliases=[], sounds_like=["glad us"])]
TONE = (0.2 * np.sin(2 * np.pi * 220 * np.arange(1280) / 16_000)).astype(np.float32)


class Vocabulary:
    """Tokens from 10 on are the pieces it was asked for, in that order."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    def encode(self, text: str) -> list[int]:
        for piece in text.split("|"):
            if piece not in self.pieces:
                self.pieces.append(piece)
        return [10 + self.pieces.index(piece) for piece in text.split("|")]

    def piece(self, token: int) -> str:
        return self.pieces[token - 10]


class FrameVad:
    """Takes every frame whose first sample is not zero for speech."""

    def __init__(self) -> None:
        self.downsampled: NDArray[np.float32] = np.zeros(1280, np.float32)
        self.rest = 0

    def reset(self, frame_number: int = 0) -> None:
        self.rest = 0

    def push(self, frame: NDArray[np.float32], number: int | None = None) -> list[Window]:
        assert number is not None
        voiced = frame[0] != 0
        self.downsampled = TONE if voiced else np.zeros(1280, np.float32)
        windows, self.rest = divmod(self.rest + 1280, 512)
        end = (number + 1) * FRAME_SECONDS
        return [
            Window(end - (self.rest + 512 * left) / 16_000, 0.95 if voiced else 0.02)
            for left in range(windows - 1, -1, -1)
        ]


class Scripted:
    """A recogniser that writes what the script says. The first code of a frame is its number; the
    step for it gives the text that is due then, and whether the turn is over."""

    label = "scripted"
    shape = ModelShape(
        agent_codebooks=0,
        user_codebooks=32,
        delays=(0,) * 33,
        text_card=256,
        card=2048,
        context=64,
        extra_heads=4,
    )

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        self.text: dict[int, int] = {}
        self.over: set[int] = set()
        self.heard: list[int] = []
        self.thread: threading.Thread | None = None
        self.before_step: Callable[[int], None] = lambda frame: None

    def says(self, frame: int, pieces: str) -> None:
        """These pieces ("▁gla|dos"), spoken from this frame on."""
        for offset, token in enumerate(self.vocabulary.encode(pieces)):
            self.text[frame + LATE + offset] = token

    def step(self, user: NDArray[np.int64], *args: object) -> Step:
        frame = int(user[0])
        self.before_step(frame)
        assert user.shape == (32,)
        self.heard.append(frame)
        self.thread = threading.current_thread()
        over = 0.9 if frame in self.over else 0.1
        return Step(self.text.get(frame, PAD), None, (0.2, 0.2, over, 0.2))

    def set_sampling(self, sampling: Sampling) -> None:
        assert sampling.text_temperature == 0, "a transcript is no place for chance"

    def warm_up(self) -> None:
        self.thread = threading.current_thread()


class Room:
    """A user who speaks in some frames, and a listener who writes."""

    def __init__(self, model: Scripted | None = None) -> None:
        self.model = model or Scripted()
        self.events: list[AnyEvent] = []
        self.voiced: set[int] = set()

    def listen(self, frames: int, *, inline: bool = True) -> list[AnyEvent]:
        listener = SttListener(
            lambda: self.model,  # type: ignore[arg-type,return-value]
            self.model.vocabulary,
            NAMES,
            self.events.append,
            name="stt-1b-en_fr",
            delay_seconds=DELAY,
            inline=inline,
            vad=FrameVad(),  # type: ignore[arg-type]
        )
        try:
            for number in range(frames):
                self.push(listener, number)
                if not inline and number % (LONGEST_QUEUE // 2) == 0:
                    assert listener.settle()
            if not inline:
                assert listener.settle()
        finally:
            listener.close()
        return self.events

    def push(self, listener: SttListener, number: int) -> None:
        sound = np.full(1920, 0.3 if number in self.voiced else 0.0, np.float32)
        listener.take(number, sound, np.array([number, *[0] * 31]))

    @property
    def kinds(self) -> list[str]:
        short = {UserTurnStarted: "began", UserTurnEnded: "ended"}
        return [
            ("final" if e.final else "partial") if isinstance(e, UserText) else short[type(e)]
            for e in self.events
        ]

    def finals(self) -> list[UserText]:
        return [e for e in self.events if isinstance(e, UserText) and e.final]

    def partials(self) -> list[str]:
        return [e.text for e in self.events if isinstance(e, UserText) and not e.final]

    def of(self, kind: type) -> list[AnyEvent]:
        return [e for e in self.events if isinstance(e, kind)]


def a_command() -> Room:
    """ "Change to glad us", frames 10 … 29; the model knows at frame 33 that this was all."""
    room = Room()
    room.voiced = set(range(10, 30))
    room.model.says(10, "▁Ch|ange")
    room.model.says(15, "▁to")
    room.model.says(19, "▁glad")
    room.model.says(24, "▁us|.")
    room.model.over = {*range(10), *range(33, 80)}
    return room


def test_a_turn_is_begun_written_word_by_word_ended_and_written_out() -> None:
    room = a_command()
    room.listen(60)
    assert room.kinds == ["began", *["partial"] * 4, "ended", "final"]
    assert room.partials() == ["Change", "Change to", "Change to glad", "Change to glad us."]
    began, ended, final = room.events[0], room.of(UserTurnEnded)[0], room.finals()[0]
    assert isinstance(began, UserTurnStarted)
    assert isinstance(ended, UserTurnEnded)
    assert began.at == pytest.approx(10 * FRAME_SECONDS, abs=0.05)
    assert (ended.side, ended.reason) == ("user", "complete")
    assert ended.at == final.speech_end == pytest.approx(30 * FRAME_SECONDS, abs=0.05)
    assert final.prompted is None


def test_a_persona_is_written_as_she_is_called() -> None:
    room = a_command()
    room.listen(60)
    assert room.finals()[0].text == "Change to GLaDOS."


def test_words_that_come_after_the_end_of_the_turn_belong_to_it() -> None:
    """The head knows at once that the turn is over; its last words come half a second later."""
    room = Room()
    room.voiced = set(range(10, 30))
    room.model.says(12, "▁Tell|▁me")
    room.model.says(28, "▁more|.")
    room.model.over = set(range(31, 80))
    room.listen(60)
    ended = room.events.index(room.of(UserTurnEnded)[0])
    assert room.kinds[ended:] == ["ended", "final"], "no partial one after the end"
    assert room.finals()[0].text == "Tell me more."
    assert room.finals()[0].stages["transcribe"] > 100


def test_who_goes_on_at_once_begins_another_turn_and_no_word_changes_sides() -> None:
    """The second turn begins before the first one's last word has been written."""
    room = Room()
    room.voiced = {*range(10, 30), *range(32, 50)}
    room.model.says(12, "▁One")
    room.model.says(29, "▁two|.")
    room.model.says(33, "▁Three")
    room.model.says(45, "▁four|.")
    room.model.over = {31, *range(52, 80)}
    room.listen(80)
    assert [final.text for final in room.finals()] == ["One two.", "Three four."]
    assert room.kinds.index("final") > room.kinds.index("began", 1)
    assert len(room.of(UserTurnStarted)) == len(room.of(UserTurnEnded)) == 2


def test_a_pause_to_think_ends_nothing_while_the_model_expects_more() -> None:
    room = Room()
    room.voiced = {*range(10, 25), *range(40, 50)}
    room.model.says(12, "▁I|▁want|▁to")
    room.model.says(42, "▁sleep|.")
    room.model.over = set(range(53, 90))
    room.listen(80)
    assert [final.text for final in room.finals()] == ["I want to sleep."]


def test_a_whole_command_does_not_wait_for_the_model_to_be_sure() -> None:
    room = a_command()
    room.model.over = set()
    room.listen(45)
    assert [final.text for final in room.finals()] == ["Change to GLaDOS."]


def test_a_turn_ends_although_the_model_never_says_so() -> None:
    room = Room()
    room.voiced = set(range(10, 25))
    room.model.says(12, "▁and|▁then")
    room.listen(70)
    assert [final.text for final in room.finals()] == ["and then"]
    assert room.of(UserTurnEnded)[0].reason == "silence"  # type: ignore[union-attr]


def test_a_cough_is_a_turn_without_words() -> None:
    room = Room()
    room.voiced = set(range(10, 14))
    room.model.over = {*range(10), *range(16, 60)}
    room.listen(60)
    assert room.kinds == ["began", "ended", "final"]
    assert room.finals()[0].text == ""


def test_silence_is_no_turn_however_sure_the_model_is_that_it_is_over() -> None:
    room = Room()
    room.model.over = set(range(60))
    assert room.listen(60) == []


def test_words_that_voice_activity_has_missed_are_a_turn_too() -> None:
    room = Room()
    room.model.says(12, "▁psst|,|▁here")
    room.model.over = {*range(10), *range(30, 60)}
    room.listen(60)
    assert room.kinds == ["began", "partial", "partial", "ended", "final"]
    assert room.finals()[0].text == "psst, here"


def test_letters_in_bytes_are_put_together() -> None:
    room = Room()
    room.voiced = set(range(10, 30))
    room.model.says(12, "▁caf|<0xC3>|<0xA9>")
    room.model.over = set(range(33, 80))
    room.listen(60)
    assert room.finals()[0].text == "café"


def test_the_first_frame_is_not_lost_to_the_initial_tokens() -> None:
    room = Room()
    room.listen(4)
    assert room.model.heard == [0, 0, 1, 2, 3]


def test_a_thread_of_its_own_writes_the_same() -> None:
    inline, threaded = a_command(), a_command()
    assert inline.listen(60) == threaded.listen(60, inline=False)
    assert threaded.model.thread is not threading.current_thread()
    assert inline.model.thread is threading.current_thread()


def test_a_slow_model_keeps_nobody_waiting_and_loses_the_oldest_frames() -> None:
    room = Room()
    gate, entered = threading.Event(), threading.Event()

    def wait(frame: int) -> None:
        entered.set()
        assert gate.wait(20)

    room.model.before_step = wait
    listener = SttListener(
        lambda: room.model,  # type: ignore[arg-type,return-value]
        room.model.vocabulary,
        NAMES,
        room.events.append,
        name="stt",
        delay_seconds=DELAY,
        inline=False,
        vad=FrameVad(),  # type: ignore[arg-type]
    )
    room.push(listener, 0)
    assert entered.wait(20)
    for number in range(1, LONGEST_QUEUE + 11):
        room.push(listener, number)  # returns although the model stands still
    gate.set()
    assert listener.settle()
    assert listener.dropped == 10
    assert room.model.heard == [0, 0, *range(11, LONGEST_QUEUE + 11)]
    (failed,) = room.of(Failed)
    assert isinstance(failed, Failed)
    assert "cannot keep up" in failed.message
    assert not failed.fatal
    listener.close()


def test_a_model_that_breaks_ends_the_transcript_not_the_conversation() -> None:
    room = a_command()

    def broken(frame: int) -> None:
        if frame == 20:
            raise RuntimeError("out of memory")

    room.model.before_step = broken
    room.listen(60)
    (failed,) = room.of(Failed)
    assert isinstance(failed, Failed)
    assert "out of memory" in failed.message
    assert failed.remedy
    assert not failed.fatal
    assert room.model.heard[-1] == 19


@pytest.mark.parametrize("inline", [True, False])
def test_what_does_not_load_says_so_to_whoever_asked(inline: bool) -> None:
    def fail() -> Scripted:
        raise BackendError("The card is full.", "Close something.")

    with pytest.raises(BackendError, match="card is full"):
        SttListener(
            fail,  # type: ignore[arg-type]
            Vocabulary(),
            [],
            print,
            name="stt",
            delay_seconds=0.5,
            inline=inline,
        )


def test_closing_ends_the_thread() -> None:
    room = a_command()
    room.listen(5, inline=False)
    deadline = time.monotonic() + 10
    while any(thread.name == "listener" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_on_real_models_inline_and_threaded_are_the_same(
    checkpoint: MakeCheckpoint, framework: str
) -> None:
    """Random weights write nonsense, but out of the codes: other codes, other nonsense."""
    pytest.importorskip("moshi" if framework == "torch" else "moshi_mlx")
    pytest.importorskip("sentencepiece")
    from assistant.backends.moshi.checkpoint.weights import read_checkpoint
    from assistant.backends.moshi.contract import load_tokenizer
    from assistant.backends.moshi.listening.stt_listener import load_model

    published = read_checkpoint(checkpoint("stt"))
    assert published.delay_seconds == 0.5
    model = load_model(published, framework, {"device": "cpu"}, lambda text, part: None)  # type: ignore[arg-type]

    def fresh() -> LanguageModel:
        model.reset()
        return model

    def listen(seed: int, inline: bool) -> list[AnyEvent]:
        events: list[AnyEvent] = []
        listener = SttListener(
            fresh,
            load_tokenizer(published.tokenizer),
            NAMES,
            events.append,
            name=published.name,
            delay_seconds=published.delay_seconds,
            inline=inline,
            vad=FrameVad(),  # type: ignore[arg-type]
        )
        for number, codes in enumerate(np.random.default_rng(seed).integers(0, 2048, (40, 32))):
            sound = np.full(1920, 0.3 if number < 30 else 0.0, np.float32)
            listener.take(number, sound, codes)
        if not inline:
            assert listener.settle()
        listener.close()
        return events

    first = listen(1, inline=True)
    assert any(isinstance(event, UserText) and event.text for event in first)
    assert listen(1, inline=False) == first
    assert listen(2, inline=True) != first
