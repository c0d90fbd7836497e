"""Who comes in the middle of a conversation sees it whole, and nothing of what was forgotten."""

from __future__ import annotations

from assistant.memory.deletion.plan import DeletionPreview
from assistant.session import replay
from assistant.session.events import (
    AgentSaid,
    AnswerProgress,
    MemoryForgotten,
    Notice,
    SessionEvent,
    StateChanged,
    ToolCalled,
    UserSaid,
)
from assistant.session.replay import ReplayBuffer
from tests.session.calls.test_spoken_consent import NATIVE


def kept(*events: SessionEvent) -> list[SessionEvent]:
    buffer = ReplayBuffer()
    for event in events:
        buffer(event)
    return buffer.events()


def test_a_turn_is_one_event_however_many_pieces_it_came_in() -> None:
    told = kept(
        UserSaid(turn=1, text="What", final=False),
        UserSaid(turn=1, text="What time is it?", final=True),
        StateChanged(state="thinking"),
        AgentSaid(turn=2, persona="hal", text="It is "),
        AgentSaid(turn=2, persona="hal", text="ten."),
        AgentSaid(turn=2, persona="hal", final=True, played="It is ten."),
    )
    assert told == [
        UserSaid(turn=1, text="What time is it?", final=True),
        AgentSaid(turn=2, persona="hal", text="It is ten.", final=True, played="It is ten."),
    ]


def test_an_answer_under_way_is_told_as_far_as_it_is_heard() -> None:
    progress = AnswerProgress(turn=2, words=2)
    told = kept(AgentSaid(turn=2, persona="hal", text="It is ten"), progress)
    assert told == [AgentSaid(turn=2, persona="hal", text="It is ten"), progress]
    over = kept(
        AgentSaid(turn=2, persona="hal", text="It is ten"),
        progress,
        AgentSaid(turn=2, persona="hal", final=True, played="It is ten"),
    )
    assert progress not in over


def test_words_that_came_to_nothing_are_not_told() -> None:
    first = UserSaid(turn=1, text="Er", final=False)
    assert kept(first, UserSaid(turn=1, text="", final=True)) == []


def test_what_was_forgotten_is_not_told_to_who_comes_later() -> None:
    told = kept(
        UserSaid(turn=1, text="My parrot is called Picasso.", final=True),
        UserSaid(turn=3, text="What a day.", final=True),
        MemoryForgotten(deletion=DeletionPreview(texts=("My parrot is called Picasso.",))),
    )
    assert told == [UserSaid(turn=3, text="What a day.", final=True)]


def test_who_forgets_everything_forgets_the_talk() -> None:
    told = kept(
        UserSaid(turn=1, text="I live in Ghent.", final=True),
        AgentSaid(turn=2, persona="hal", text="Ghent, then.", final=True),
        MemoryForgotten(deletion=DeletionPreview(everything=True)),
    )
    assert told == []


def test_of_notices_with_one_key_the_last_is_told() -> None:
    told = kept(
        Notice(text="loading", key="brain"), ToolCalled(call=NATIVE), Notice(text="up", key="brain")
    )
    assert told == [ToolCalled(call=NATIVE), Notice(text="up", key="brain")]


def test_a_long_talk_loses_its_beginning() -> None:
    many = [UserSaid(turn=n, text=f"Word {n}", final=True) for n in range(replay.MOST_EVENTS + 5)]
    assert kept(*many) == many[5:]
    long = [UserSaid(turn=n, text="x" * 90_000, final=True) for n in range(4)]
    assert kept(*long) == long[2:]
