"""What the assistant says, what of it was heard, and what becomes of the rest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.playback.jitter import JitterBuffer
from assistant.backends.wire import encode_pcm
from assistant.frames import AgentText, AudioOut, Command, Interrupt, Say, UtteranceEnded
from assistant.session.event_bus import EventBus
from assistant.session.signals import AgentTurnEnded, PieceSpoken
from assistant.session.turns.messages import AgentUtterance
from assistant.session.turns.playback_tracker import PlaybackTracker


class Stage:
    """A speech with a playback that nobody reads until told to."""

    def __init__(self) -> None:
        self.sent: list[Command] = []
        self.texts: list[str] = []
        self.over: list[tuple[int, str, bool]] = []
        self.playback = JitterBuffer()
        bus = EventBus(lambda: 0.0)
        bus.on(Command, self.sent.append)
        bus.on(PieceSpoken, lambda event: self.texts.append(event.text))
        bus.on(AgentTurnEnded, self._is_over)
        self.speech = PlaybackTracker(bus, self.playback)
        self.playback.on_finished.append(self.speech.finished)

    def _is_over(self, event: AgentTurnEnded) -> None:
        self.over.append((event.utterance.turn, event.heard, event.interrupted))

    def spoken(self, number: int, *pieces: tuple[str, int]) -> None:
        """The backend renders these (text, samples) and closes the utterance."""
        start = 0
        for text, samples in pieces:
            self.speech.text(AgentText(number, text, start, start + samples))
            self.speech.audio(AudioOut(number, encode_pcm(np.full(samples, 0.1, np.float32))))
            start += samples
        self.speech.ended(UtteranceEnded(number, start))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_whole_answer_is_over_when_its_last_sample_was_played(stage: Stage) -> None:
    utterance = stage.speech.begin(7, "jarvis")
    stage.speech.say(utterance, "Good evening. All is well.", final=True)
    stage.spoken(utterance.number, ("Good evening.", 4000), (" All is well.", 4000))
    stage.playback.read(7999)
    assert stage.over == []
    stage.playback.read(500)
    assert stage.over == [(7, "Good evening. All is well.", False)]
    assert stage.speech.quiet.is_set()


def test_an_interrupted_answer_keeps_only_what_was_heard(stage: Stage) -> None:
    utterance = stage.speech.begin(1, "jarvis")
    stage.speech.say(utterance, "One two three four. Five six.", final=True)
    stage.spoken(utterance.number, ("One two three four.", 4000), (" Five six.", 2000))
    stage.playback.read(3000)
    stage.speech.interrupt()
    assert stage.over == [(1, "One two three", True)]
    assert isinstance(stage.sent[-1], Interrupt)
    assert not np.any(stage.playback.read(4000)[2000:])


def test_sound_that_comes_after_an_interruption_is_not_played(stage: Stage) -> None:
    utterance = stage.speech.begin(1, "jarvis")
    stage.speech.say(utterance, "Too late.", final=True)
    stage.speech.interrupt()
    stage.spoken(utterance.number, ("Too late.", 4000))
    stage.speech.say(utterance, "Even later.")
    assert not np.any(stage.playback.read(8000))
    assert [type(c) for c in stage.sent] == [Say, Interrupt]


def test_without_a_voice_text_is_shown_at_once(stage: Stage) -> None:
    stage.speech.has_voice = lambda: False
    utterance = stage.speech.begin(3, "hal")
    stage.speech.say(utterance, "Good ")
    stage.speech.say(utterance, "evening.", final=True)
    assert stage.sent == []
    assert stage.texts == ["Good ", "evening."]
    assert stage.over == [(3, "Good evening.", False)]


def test_pieces_of_words_that_are_only_shown_stay_words(stage: Stage) -> None:
    stage.speech.has_voice = lambda: False
    utterance = stage.speech.begin(1, "jarvis")
    for piece in ("P", "ixel", ",", " sir", "."):
        stage.speech.say(utterance, piece)
    stage.speech.interrupt()
    assert stage.over == [(1, "Pixel, sir.", True)]


def test_a_backend_that_dies_in_mid_sentence_leaves_what_it_had_said(stage: Stage) -> None:
    utterance = stage.speech.begin(1, "jarvis")
    stage.speech.say(utterance, "One two. Three four.", final=True)
    stage.speech.text(AgentText(utterance.number, "One two.", 0, 2000))
    stage.speech.audio(AudioOut(utterance.number, encode_pcm(np.full(2000, 0.1, np.float32))))
    stage.speech.abandon()
    stage.playback.read(4000)
    assert stage.over == [(1, "One two.", True)]


@given(
    st.lists(
        st.tuples(st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=6)),
        min_size=1,
        max_size=5,
    ),
    st.floats(0, 1.2),
)
def test_what_was_heard_is_a_beginning_of_what_was_said(
    clauses: list[tuple[list[str]]], share: float
) -> None:
    utterance = AgentUtterance(1, 1, "x")
    at = 0
    for (words,) in clauses:
        utterance.spans.append(AgentText(1, " ".join(words), at, at + 100 * len(words)))
        at += 100 * len(words)
    heard = utterance.heard(int(share * at)).split()
    said = utterance.text().split()
    assert heard == said[: len(heard)]
    assert abs(len(heard) - min(1.0, share) * len(said)) <= 1


def test_a_voice_that_goes_on_during_a_pause_catches_up_in_its_silences(stage: Stage) -> None:
    """As Moshi's does: it speaks as time passes, whoever pauses it."""
    stage.speech.cushion = 1_920
    utterance = stage.speech.begin(1, "jarvis")
    words = np.full(1_920, 0.1, np.float32)

    def comes(pcm: np.ndarray, text: str = "") -> None:
        at = utterance.written
        if text:
            stage.speech.text(AgentText(1, text, at, at + len(pcm)))
        stage.speech.audio(AudioOut(1, encode_pcm(pcm)))

    stage.playback.pause()
    for k in range(5):
        comes(words, f"word{k}")
    stage.playback.resume()
    behind = stage.playback.queued
    for _ in range(10):
        comes(0 * words)
        stage.playback.read(1_920)
    assert behind == 5 * 1_920
    assert stage.playback.queued <= 2 * 1_920
    assert utterance.heard(stage.playback.played(1)) == "word0 word1 word2 word3 word4"
    comes(words, "later")
    stage.speech.ended(UtteranceEnded(1, utterance.written))
    stage.playback.read(20_000)
    assert stage.over == [(1, "word0 word1 word2 word3 word4 later", False)]
    assert stage.playback.dropped == 0
