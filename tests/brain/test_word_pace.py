"""Whether a model writes fast enough for the beginning of a sentence to be said before its end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from assistant.brain.word_pace import WordPace


async def heard(pace: WordPace, now: list[float], words: int, a_second: float) -> str:
    async def written() -> AsyncIterator[str]:
        for _ in range(words):
            yield "word "
            now[0] += 1 / a_second

    return "".join([piece async for piece in pace.timed(written()) if isinstance(piece, str)])


@pytest.mark.parametrize(("a_second", "quick"), [(4.0, False), (30.0, True)])
async def test_only_a_model_that_writes_faster_than_one_speaks_is_quick(
    a_second: float, quick: bool
) -> None:
    now = [0.0]
    pace = WordPace(lambda: now[0])
    assert not pace.quick
    assert await heard(pace, now, 12, a_second) == "word " * 12
    assert pace.quick is quick


async def test_one_slow_answer_counts_until_others_have_followed() -> None:
    now = [0.0]
    pace = WordPace(lambda: now[0])
    seen = []
    for a_second in (30.0, 3.0, 30.0, 30.0, 30.0):
        await heard(pace, now, 12, a_second)
        seen.append(pace.quick)
    assert seen == [True, False, False, False, True]


async def test_a_word_or_two_tell_nothing_of_it() -> None:
    now = [0.0]
    pace = WordPace(lambda: now[0])
    await heard(pace, now, 2, 50.0)
    assert not pace.quick
