"""The names of everything a turn can mean. Most are keys of `assistant.personas.loading.Lines`."""

from __future__ import annotations

from typing import Literal

Intent = Literal[
    "hello",
    "how_are_you",
    "who_are_you",
    "who_made_you",
    "what_can_you_do",
    "time",
    "date",
    "name_told",
    "name_asked",
    "fact_told",
    "fact_asked",
    "facts_asked",
    "forget",
    "arithmetic",
    "arithmetic_more",
    "joke",
    "another",
    "mood_good",
    "mood_bad",
    "distress",
    "compliment",
    "insult",
    "thanks",
    "apology",
    "goodbye",
    "yes",
    "no",
    "opinion",
    "how_to_llm",
    "repeat",
    "stopped",
    "cannot",
    "statement",
    "not_understood",
]
