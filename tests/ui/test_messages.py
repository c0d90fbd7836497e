"""What may be skipped when the screen is behind, and what may not."""

from __future__ import annotations

import pytest

from assistant.session.events import (
    AgentSaid,
    AnswerProgress,
    AudioChanged,
    Dropped,
    LoadProgress,
    SessionEvent,
    UserSaid,
)
from assistant.ui.messages import FromSession


def heard(turn: int, final: bool) -> UserSaid:
    return UserSaid(turn=turn, text="words", final=final)


@pytest.mark.parametrize(
    ("earlier", "later", "skipped"),
    [
        (heard(1, False), heard(1, False), True),
        (heard(1, False), heard(1, True), True),
        (heard(1, True), heard(1, False), False),
        (heard(1, False), heard(2, False), False),
        (AnswerProgress(turn=1, words=1), AnswerProgress(turn=1, words=2), True),
        (AnswerProgress(turn=1, words=9), AnswerProgress(turn=2, words=1), False),
        (LoadProgress(text="a"), LoadProgress(text="b"), True),
        (Dropped(counts={"speaker": 1}), Dropped(counts={"speaker": 2}), True),
        (Dropped(counts={}), LoadProgress(text="b"), False),
        (
            AgentSaid(turn=1, persona="x", text="a"),
            AgentSaid(turn=1, persona="x", text="b"),
            False,
        ),
        (
            AudioChanged(microphone=None, speaker=None),
            AudioChanged(microphone="m", speaker=None),
            True,
        ),
    ],
)
def test_only_what_is_said_again_is_skipped(
    earlier: SessionEvent, later: SessionEvent, skipped: bool
) -> None:
    assert FromSession(earlier).can_replace(FromSession(later)) is skipped
