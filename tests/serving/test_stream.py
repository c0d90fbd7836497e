"""A frame for each frame: no drift, no holes, nothing lost, whatever order things come in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("sphn", reason="the server needs sphn")

from assistant.backends.server.protocol import ServerReport
from assistant.backends.wire import encode_pcm
from assistant.frames import AgentText, AudioOut, CallSpelled, UtteranceEnded
from assistant.serving.connection_limits import WaitingLine
from assistant.serving.stream import AHEAD, MOST_QUEUED, Outgoing


class Ear:
    """What a client gets, in order."""

    def __init__(self, said: dict[int, int] | None = None) -> None:
        self.sent: list[str] = []
        self.samples: list[np.ndarray] = []
        self.outgoing = Outgoing(self._sound, self._word, self._report, (said or {}).get)

    def _sound(self, frame: np.ndarray) -> None:
        assert frame.shape == (1920,)
        self.samples.append(frame.copy())
        self.sent.append("sound" if frame.any() else "silence")

    def _word(self, word: str) -> None:
        self.sent.append(word)

    def _report(self, report: ServerReport) -> None:
        if report.begin is not None:
            self.sent.append(f"begin {report.begin.said}")
        if report.end:
            self.sent.append("end")
        if report.call is not None:
            self.sent.append(report.call)

    def speak(self, number: int, samples: int, value: float = 0.5) -> None:
        self.outgoing.take(AudioOut(number, encode_pcm(np.full(samples, value, np.float32))))


def test_while_nobody_speaks_it_is_silent() -> None:
    ear = Ear()
    for _ in range(5):
        ear.outgoing.frame_heard()
    assert ear.sent == ["silence"] * 5


def test_speech_goes_out_as_the_client_s_frames_come() -> None:
    ear = Ear({3: 77})
    ear.speak(3, 4 * 1920 + 100)
    assert ear.sent == ["begin 77", *["sound"] * AHEAD]
    ear.outgoing.take(UtteranceEnded(3, 4 * 1920 + 100))
    for _ in range(6):
        ear.outgoing.frame_heard()
    assert ear.sent == ["begin 77", *["sound"] * 5, "end", *["silence"]]


def test_a_late_backend_makes_no_hole_in_a_word() -> None:
    ear = Ear()
    ear.speak(1, 1920)
    for _ in range(5):
        ear.outgoing.frame_heard()
    assert ear.sent == ["begin None", "sound"]
    ear.speak(1, 1920)
    ear.outgoing.take(UtteranceEnded(1, 3840))
    assert ear.sent == ["begin None", "sound", "sound", "end", "silence"]
    ear.outgoing.frame_heard()
    assert ear.sent[-1] == "silence"  # one, not all that were owed


def test_words_come_where_they_sound() -> None:
    ear = Ear()
    ear.outgoing.take(AgentText(1, "one two", 0, 4 * 1920))
    ear.speak(1, 4 * 1920)
    ear.outgoing.take(AgentText(1, "late", 4 * 1920, 4 * 1920))
    ear.outgoing.take(UtteranceEnded(1, 4 * 1920))
    for _ in range(4):
        ear.outgoing.frame_heard()
    words = [item for item in ear.sent if item != "silence"]
    assert words == ["begin None", "sound", "one", "sound", "sound", "two", "sound", "late", "end"]


def test_what_was_cut_is_not_heard_any_more() -> None:
    ear = Ear()
    ear.speak(1, 10 * 1920)
    ear.outgoing.cut([2])
    ear.speak(1, 1920)
    ear.speak(2, 1920)
    ear.outgoing.take(CallSpelled(1, "TOOL_CALL: {}"))
    ear.outgoing.frame_heard()
    ear.outgoing.frame_heard()
    ear.outgoing.frame_heard()
    assert ear.sent == ["begin None", "sound", "sound", "end", "silence"]


def test_a_lost_backend_ends_what_it_was_asked_to_say() -> None:
    ear = Ear({1: 11, 2: 12})
    ear.speak(1, 3 * 1920)
    ear.outgoing.backend_lost([1, 2])
    for _ in range(3):
        ear.outgoing.frame_heard()
    said = [item for item in ear.sent if item not in ("sound", "silence")]
    assert said == ["begin 11", "end", "begin 12", "end"]


def test_two_minutes_wait_at_most() -> None:
    ear = Ear()
    ear.speak(1, MOST_QUEUED)
    ear.speak(1, MOST_QUEUED)
    assert ear.outgoing.dropped == MOST_QUEUED - AHEAD * 1920


steps = st.lists(
    st.one_of(
        st.just("heard"), st.tuples(st.integers(1, 3), st.integers(0, 6000)), st.integers(1, 3)
    ),
    max_size=60,
)


@given(steps)
def test_nothing_is_lost_and_nothing_runs_ahead(what: list[str | int | tuple[int, int]]) -> None:
    ear = Ear()
    heard = spoken = 0
    ended: set[int] = set()
    for step in what:
        if step == "heard":
            heard += 1
            ear.outgoing.frame_heard()
        elif isinstance(step, tuple):
            if step[0] not in ended:
                ear.speak(*step)
                spoken += step[1]
        elif isinstance(step, int) and step not in ended:
            ended.add(step)
            ear.outgoing.take(UtteranceEnded(step, 0))
        assert len(ear.samples) <= heard + AHEAD
    for number in {1, 2, 3} - ended:
        ear.outgoing.take(UtteranceEnded(number, 0))
    for _ in range(200):
        ear.outgoing.frame_heard()
    assert sum(int((frame != 0).sum()) for frame in ear.samples) == spoken
    assert len(ear.samples) <= heard + 200 + AHEAD
    assert ear.sent.count("end") == sum(item.startswith("begin") for item in ear.sent)


def test_a_line_moves_up() -> None:
    line = WaitingLine(2)
    first, second, third = line.join(), line.join(), line.join()
    assert first is not None
    assert second is not None
    assert third is not None
    assert line.join() is None
    line.leave(second)
    assert (first.position, third.position) == (0, 1)
    assert third.changed.is_set()
    assert not first.changed.is_set()
    line.leave(first)
    assert third.position == 0
    assert line.join() is not None
