"""A language model may confirm a hint or doubt it; whatever else it writes changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.brain.base import BrainError
from assistant.emotion.judge import judge, schema
from assistant.emotion.watch import FeelingWatch


class Model:
    """Answers every question with the same words."""

    def __init__(self, answer: str | BrainError) -> None:
        self._answer = answer
        self.asked: list[dict[str, str]] = []

    async def complete(
        self, messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int
    ) -> str:
        self.asked = messages
        if isinstance(self._answer, BrainError):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ('{"feeling": "sad"}', "sad"),
        ('```json\n{"feeling": "neutral"}\n```', "neutral"),
        ('{"feeling": "jealous"}', None),
        ('{"feeling": "sad", "advice": "See a doctor."}', None),
        ("The user is sad.", None),
        ("", None),
        (BrainError("it is gone"), None),
    ],
)
async def test_only_the_form_that_was_asked_for_counts(
    answer: str | BrainError, verdict: str | None
) -> None:
    assert await judge(Model(answer), ["I miss the sea"]) == verdict


async def test_what_was_said_is_shown_as_data_and_not_all_of_it() -> None:
    model = Model('{"feeling": "neutral"}')
    await judge(model, [f"turn {number}" for number in range(9)] + ["x" * 5_000])

    said = json.loads(model.asked[1]["content"])["said"]
    assert [len(text) for text in said] == [6, 6, 400]
    assert schema()["additionalProperties"] is False


def test_a_hint_that_is_confirmed_is_a_feeling() -> None:
    watch = FeelingWatch()
    watch.take("That's wrong")
    assert watch.doubtful[-1] == "That's wrong"

    assert watch.judged("frustrated")
    assert watch.now is not None
    assert watch.now.kind == "frustrated"
    assert not watch.judged("frustrated")


def test_a_feeling_that_nobody_hinted_at_is_not_believed() -> None:
    watch = FeelingWatch()
    watch.take("what time is it")

    assert watch.doubtful == ()
    assert not watch.judged("sad")
    watch.take("That's wrong")
    assert not watch.judged("sad")
    assert watch.now is None


def test_clear_words_need_no_judge() -> None:
    watch = FeelingWatch()
    watch.take("My dog died")

    assert watch.doubtful == ()
    assert not watch.judged("neutral")
    assert watch.now is not None
