"""Recordings that are written down beside the conversation."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade.recognition.recordings import RecordingReader
from assistant.backends.cascade.recognition.stt import Recognizer
from assistant.backends.cascade.recognition.word_times import WrittenDown, words_of
from assistant.backends.wire import encode_pcm
from assistant.frames import AnyEvent, SpokenWord, Transcribe, Transcribed
from tests.speech import RATE, kokoro, silence


class FakeRecognizer:
    def __init__(self, read: Callable[[Float32], WrittenDown]) -> None:
        self._read = read
        self.heard: list[Float32] = []

    def write_down(
        self, audio: Float32, language: str = "", context: str = "", *, words: bool = False
    ) -> WrittenDown:
        self.heard.append(audio)
        return self._read(audio)


def read(recognizer: FakeRecognizer, *commands: Transcribe) -> list[AnyEvent]:
    events: list[AnyEvent] = []
    reader = RecordingReader(recognizer, events.append, inline=True)
    for command in commands:
        reader.put(command)
    return events


def test_each_recording_is_answered_by_its_number() -> None:
    recognizer = FakeRecognizer(lambda sound: WrittenDown(f"{sound.size}", "en", -0.3))
    commands = [Transcribe(n, encode_pcm(np.full(n, 0.1, np.float32))) for n in (7, 5)]
    assert read(recognizer, *commands) == [
        Transcribed(7, "7", "en", -0.3),
        Transcribed(5, "5", "en", -0.3),
    ]


@pytest.mark.parametrize("fault", [BackendError("no", "do this"), RuntimeError("boom")])
def test_a_fault_is_an_answer_too(fault: Exception) -> None:
    def fail(sound: Float32) -> WrittenDown:
        raise fault

    (answer,) = read(FakeRecognizer(fail), Transcribe(1, encode_pcm(np.zeros(9, np.float32))))
    assert isinstance(answer, Transcribed)
    assert str(fault.args[0]) in answer.failed
    assert answer.remedy == ("do this" if isinstance(fault, BackendError) else "")


def test_what_is_no_sound_is_none() -> None:
    recognizer = FakeRecognizer(lambda sound: WrittenDown("", "en"))
    wild = np.array([np.nan, np.inf, -np.inf, 5.0, 0.1], np.float32)
    read(recognizer, Transcribe(1, encode_pcm(wild) + b"\x01"))
    (heard,) = recognizer.heard
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 1.0


def test_it_waits_for_nobody_on_a_thread_of_its_own() -> None:
    go, done = threading.Event(), threading.Event()

    def slow(sound: Float32) -> WrittenDown:
        go.wait(10)
        return WrittenDown("late", "en")

    reader = RecordingReader(FakeRecognizer(slow), lambda event: done.set(), inline=False)
    reader.put(Transcribe(1, encode_pcm(np.zeros(9, np.float32))))
    assert not done.is_set()
    go.set()
    assert done.wait(10)
    reader.close()


def test_words_are_put_together_from_their_tokens() -> None:
    pieces = [" The", " Ham", "burg", " train", "."]
    times = [(0, 5), (0, 9), (1, 20), (2, 30), (3, 50), (4, 70), (5, 75)]
    assert words_of(pieces, "The Hamburg train.", times, 2.0) == (
        SpokenWord("The", 0.1, 0.4),
        SpokenWord("Hamburg", 0.4, 1.0),
        SpokenWord("train.", 1.0, 1.5),
    )


def test_a_pause_is_no_part_of_a_word() -> None:
    (first, _) = words_of([" One", " two"], "One two", [(0, 0), (1, 400), (2, 420)], 9.0)
    assert first.end == 2.0


@pytest.mark.parametrize(
    ("pieces", "times"),
    [([" One"], [(0, 0)]), ([" One", " two"], [(0, 0)]), ([], [])],
)
def test_times_that_do_not_fit_the_words_are_not_told(
    pieces: list[str], times: list[tuple[int, int]]
) -> None:
    assert words_of(pieces, "One two", times, 1.0) == ()


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load("packaged:tiny.en", 1)


@pytest.mark.weights
def test_real_words_have_the_times_at_which_they_were_said(recognizer: Recognizer) -> None:
    first, second = kokoro("The train leaves at nine."), kokoro("Nobody had noticed.")
    sound = np.concatenate([silence(0.5), first, silence(1.5), second, silence(0.3)])
    heard = recognizer.write_down(sound, words=True)
    assert heard.text.lower().startswith("the train leaves at")
    by_word = {word.text.strip(".,").lower(): word for word in heard.words}
    begins = 0.5 + first.size / RATE + 1.5
    assert by_word["train"].start == pytest.approx(0.8, abs=0.4)
    assert by_word["nobody"].start == pytest.approx(begins, abs=0.6)
    assert by_word["noticed"].start > by_word["nobody"].start


@pytest.mark.weights
def test_words_that_were_written_before_it_help(recognizer: Recognizer) -> None:
    sound = kokoro("Call Siobhan and tell her about Wroclaw.")
    plain = recognizer.write_down(sound).text
    helped = recognizer.write_down(sound, context="Siobhan, Wroclaw").text
    assert "Wroclaw" in helped or "Siobhan" in helped
    assert helped != plain


@pytest.mark.weights
def test_weights_of_english_refuse_other_languages_and_hear_nothing_in_silence(
    recognizer: Recognizer,
) -> None:
    with pytest.raises(BackendError, match="English only"):
        recognizer.write_down(silence(1), "de")
    assert recognizer.write_down(silence(2)).text == ""
