"""What waits for a child that does not read: never more than a little, and what matters stays."""

from __future__ import annotations

import multiprocessing.connection as mpc
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import frames as f
from assistant.backends import wire
from assistant.backends.host import send_queue
from assistant.backends.host.send_queue import MOST_COMMANDS, MOST_SAYINGS, MOST_TEXT, SendQueue


def persona(name: str) -> f.ChangePersona:
    return f.ChangePersona(f.PersonaPrompt(slug=name, name=name))


class Held:
    """A queue whose first message fills the pipe, so that all after it waits."""

    def __init__(self) -> None:
        self.ours, self.theirs = mpc.Pipe()
        self.queue = SendQueue(self.ours)
        self.queue.put(f.Inject("x" * 1_000_000))

    def put(self, *commands: f.AnyCommand) -> list[bool]:
        return [self.queue.put(command) for command in commands]

    def arrived(self) -> list[f.AnyCommand]:
        """All that the child reads once it does."""
        end = f.Settle(99)
        self.queue.put(end)
        got: list[f.AnyCommand] = []
        while not got or got[-1] != end:
            assert self.theirs.poll(10)
            got.append(wire.decode_command(self.theirs.recv_bytes()))
        self.queue.close()
        self.theirs.close()
        return got[1:-1]


def test_of_many_personas_the_newest_counts() -> None:
    held = Held()
    assert all(held.put(*(persona(str(n)) for n in range(5_000))))
    assert held.arrived() == [persona("4999")]


def test_what_is_to_be_said_as_one_persona_is_not_said_as_another() -> None:
    held = Held()
    said = f.Say(1, "Good night.", True)
    held.put(persona("a"), said, persona("b"), persona("c"))
    assert held.arrived() == [persona("a"), said, persona("c")]


def test_sentences_past_the_limit_are_refused_and_their_utterance_still_ends() -> None:
    held = Held()
    kept = held.put(*(f.Say(n, "word", False) for n in range(MOST_SAYINGS + 100)))
    assert kept == [True] * MOST_SAYINGS + [False] * 100
    assert held.put(f.Say(7, "the end", True)) == [False]
    arrived = held.arrived()
    assert len(arrived) == MOST_SAYINGS + 1
    assert arrived[-1] == f.Say(7, "", True)


def test_one_long_text_after_another_is_refused_too() -> None:
    held = Held()
    half = f.Say(1, "x" * (MOST_TEXT // 2), False)
    assert held.put(half, half, half) == [True, True, False]
    assert held.arrived() == [half, half]


def test_an_interruption_saves_the_child_what_waits_to_be_said() -> None:
    held = Held()
    held.put(f.Say(1, "a", True), f.Inject("b"), f.Interrupt(), f.Interrupt(), f.Say(2, "c", True))
    assert held.arrived() == [f.Inject("b"), f.Interrupt(), f.Say(2, "c", True)]


words = st.text("ab", max_size=3)
commands = st.one_of(
    st.builds(persona, words),
    st.builds(f.Say, st.integers(0, 3), words, st.booleans()),
    st.builds(f.Inject, words),
    st.just(f.Interrupt()),
    st.builds(f.Prefetch, st.just([])),
    st.builds(f.SetNames, st.just([])),
    st.builds(f.Push, st.integers(0, 9), st.just(b"")),
)


@given(st.lists(commands, max_size=30), st.integers(1, 400))
def test_whatever_is_asked_little_waits_and_the_last_of_each_kind_stays(
    asked: list[f.AnyCommand], times: int
) -> None:
    queue = SendQueue.__new__(SendQueue)  # without its thread: nothing is ever taken
    ours, theirs = mpc.Pipe()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "start", lambda thread: None)
        queue.__init__(ours)  # type: ignore[misc]
    for command in asked * (times if len(asked) < 5 else 1):
        queue.put(command)
    waiting = list(queue._items)
    assert len(waiting) <= MOST_COMMANDS + 50
    for kind in (f.ChangePersona, f.Inject, f.SetNames, f.Prefetch, f.Push):
        newest = [each for each in asked if isinstance(each, kind)][-1:]
        assert [each for each in waiting if isinstance(each, kind)][-1:] == newest
    assert queue._frames == sum(isinstance(each, f.Push) for each in waiting)
    ours.close()
    theirs.close()


def test_a_minute_of_sound_in_one_event_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Larger than any message may be; and who is not heard waits instead of filling the memory."""
    monkeypatch.setattr(send_queue, "MOST_SOUND", 4_000_000)
    ours, theirs = mpc.Pipe()
    queue = SendQueue(ours)
    pcm = bytes(range(256)) * 80_000
    assert len(pcm) > wire.MAX_MESSAGE
    speaking = threading.Thread(target=queue.put, args=(f.AudioOut(1, pcm),))
    speaking.start()
    speaking.join(0.3)
    assert speaking.is_alive()
    got = b""
    while len(got) < len(pcm):
        event = wire.decode_event(theirs.recv_bytes(wire.MAX_MESSAGE))
        assert isinstance(event, f.AudioOut)
        got += event.pcm
    assert got == pcm
    speaking.join(5)
    queue.close()


def test_who_waits_for_room_is_let_go_when_the_other_end_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(send_queue, "MOST_SOUND", 2_000_000)
    ours, theirs = mpc.Pipe()
    queue = SendQueue(ours)
    speaking = threading.Thread(target=queue.put, args=(f.AudioOut(1, bytes(20_000_000)),))
    speaking.start()
    theirs.close()
    speaking.join(10)
    assert not speaking.is_alive()


def test_half_a_character_and_what_is_too_large_end_nothing() -> None:
    ours, theirs = mpc.Pipe()
    queue = SendQueue(ours)
    queue.put(f.Say(1, "a \ud83d b", True))
    queue.put(f.Prefetch([f.PrefetchLine("x" * (wire.MAX_MESSAGE + 1), f.VoiceSpec())]))
    queue.put(f.SetNames([]))
    got = [wire.decode_command(theirs.recv_bytes(wire.MAX_MESSAGE)) for _ in range(2)]
    assert got == [f.Say(1, "a ? b", True), f.SetNames([])]
    queue.close()
