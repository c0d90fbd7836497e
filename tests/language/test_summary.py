"""Sentences of a text that say most of it: always its own, in their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.language.summary import about, passages, summary
from assistant.language.tokens import content

TEXT = """---
title: x
---
# The harbour

The harbour of *Trieste* was built by Dr. Maria Held in 1719, i.e. before the railway came. It is
the largest harbour of the region.

| ships | tons |
|---|---|
| Aurora | 900 |

```
rm -rf harbour
```

## Prices

1. Mooring costs [12.50 euros](https://example.org) a night.
2. Water is free.
"""


def texts() -> list[str]:
    return [each.text for each in passages(TEXT)]


def test_marks_code_and_rules_are_no_sentences() -> None:
    assert texts() == [
        "The harbour",
        "The harbour of Trieste was built by Dr. Maria Held in 1719, i.e. before the railway came.",
        "It is the largest harbour of the region.",
        "ships | tons",
        "Aurora | 900",
        "Prices",
        "Mooring costs 12.50 euros a night.",
        "Water is free.",
    ]


def test_what_a_text_comes_back_to_is_told_first_and_in_order() -> None:
    filler = "\n".join(f"Item {n} is something else entirely and lists a {n}." for n in range(20))
    found = summary(f"{TEXT}\n{filler}", 2)
    assert len(found) == 2
    everything = [each.text for each in passages(f"{TEXT}\n{filler}")]
    assert sorted(found, key=everything.index) == found


def test_a_short_text_is_told_whole() -> None:
    assert summary("One is here. Two is there.") == ["One is here.", "Two is there."]
    assert summary("") == []
    assert summary("# Only a heading") == ["Only a heading"]


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("mooring", ["Mooring costs 12.50 euros a night."]),
        ("railways", [texts()[1]]),
        ("price", ["Mooring costs 12.50 euros a night.", "Water is free."]),
        ("elephants", []),
    ],
)
def test_what_it_says_about_something(words: str, answer: list[str]) -> None:
    assert about(TEXT, content(words)) == answer


@given(st.text(max_size=400))
def test_no_text_is_too_odd(text: str) -> None:
    assert len(summary(text, 3)) <= 3
    about(text, content(text))
