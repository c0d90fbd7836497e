"""A new persona's file, with every key explained in the words of the schema's docstrings."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from assistant.language.delivery.named import DELIVERIES
from assistant.personas.face import Face
from assistant.personas.schema import (
    EFFECTS,
    Colors,
    Exchange,
    Lines,
    Moshi,
    Persona,
    PromptTexts,
    Voice,
    WaveformGlyphs,
)

_WIDTH = 92
_COLORS = {
    "background": "#10141c",
    "surface": "#181e29",
    "panel": "#222b3a",
    "foreground": "#e6ebf2",
    "primary": "#7cc7ff",
    "secondary": "#b7c4d6",
    "accent": "#ffc27a",
    "success": "#86d6a0",
    "warning": "#f2cf74",
    "error": "#ff9088",
    "muted": "#98a6b8",
    "dark": True,
}
_EXPLAINED = {
    ".delivery": "How it says everything where nothing else is asked for: "
    + ", ".join(DELIVERIES)
    + ". A line may begin with another: [delivery: sad].",
    "voice.effect": "One of " + ", ".join(EFFECTS) + ".",
}


def persona_template(name: str, examples: Mapping[str, list[str]]) -> str:
    """TOML text of a persona called `name` that loads as it is.

    Keys that it can do without stand there as comments; those of `[lines]` with the first of
    their `examples`.
    """
    return "\n".join(
        [
            f"# {name}: a persona of yours. The program picks up changes while it runs.",
            "# Lines that begin with # are comments; remove the # in front of a key to use it.",
            "",
            *_table("", Persona, _top(name), _acquainted(name)),
            *_table("prompt", PromptTexts, _prompt(name)),
            "# What it says without a language model. Any key that you leave out says what the",
            "# plain persona would say. {user} is the user's name.",
            *_table("lines", Lines, {"address": ""}, _first_of_each(examples)),
            *_table("voice", Voice, {"kokoro": {"am_michael": 1.0}, "speed": 1.0}, _VOICE),
            *_table("moshi", Moshi, {}, _MOSHI),
            "# Text should reach a contrast of 4.5 on its ground; `assistant personas check` tells",
            "# where it does not.",
            *_table("colors", Colors, _COLORS),
            *_table("waveform", WaveformGlyphs, {"glyphs": [" ", "·", "•", "●", "⬤"]}),
            *_table("face", Face, {"kind": "rings"}, _FACE),
            "# Of its own world: as many of these as you like, each with a header of its own. What",
            "# is said here goes before all else that it would answer, but for orders that it "
            "obeys.",
            "# [[exchanges]]",
            *_table("", Exchange, {}, _EXCHANGE),
        ]
    )


_VOICE = {
    "piper": "en_US-joe-medium",
    "engines": {"supertonic": "M1"},
    "pitch": -2.0,
    "effect": "radio",
    "gain": 3.0,
}
_EXCHANGE = {
    "said": ["is the tower [still] standing", "how is the (tower|castle)"],
    "answers": ["It stands. I counted the stones.", "It leans, but so do we all, {user}."],
    "why": ["Because nobody has pushed it yet."],
    "more": ["The north side needs paint."],
}
_FACE = {
    "color": "#7cc7ff",
    "light": "#ffc27a",
    "shade": "#31465a",
    "count": 3,
    "speed": 1.0,
    "thickness": 1.0,
}
_MOSHI = {
    "voice_prompt": "voice.wav",
    "text_prompt": "You are calm and brief.",
    "temperature": 0.8,
    "text_temperature": 0.7,
}


def _top(name: str) -> dict[str, object]:
    return {
        "name": name,
        "aliases": [],
        "said": [],
        "sounds_like": [],
        "summary": "A persona of my own",
        "order": 100,
        "greetings": [f"Hello, {name} here.", f"This is {name}. What shall we talk about?"],
        "reintroductions": [f"{name} is with you now.", f"You asked for {name}, here I am."],
    }


def _acquainted(name: str) -> dict[str, object]:
    """Examples of keys that are left out at first."""
    return {
        "greetings_again": ["Welcome back.", "There you are again."],
        "reintroductions_again": [f"{name} again."],
        "delivery": "calm",
    }


def _prompt(name: str) -> dict[str, object]:
    return {
        "identity": f"You are {name}, a companion in one person's terminal.",
        "personality": "You speak in one to three short sentences, in plain words, without "
        "markdown, lists or emojis, because your words are spoken aloud.",
    }


def _first_of_each(examples: Mapping[str, list[str]]) -> dict[str, object]:
    keys = (key for key in Lines.model_fields if key != "address")
    return {key: examples.get(key, [])[:1] for key in keys}


def _table(
    table: str,
    model: type[BaseModel],
    values: Mapping[str, object],
    examples: Mapping[str, object] | None = None,
) -> Iterable[str]:
    """The table's header, then each key: its explanation, and its value or a commented example."""
    if table:
        yield f"[{table}]"
    for key, field in model.model_fields.items():
        active = key in values
        if not active and key not in (examples or {}):
            continue  # `slug` and the tables themselves
        words = _EXPLAINED.get(f"{table}.{key}") or field.description or ""
        yield from (f"# {line}" for line in textwrap.wrap(words, _WIDTH))
        value = values[key] if active else (examples or {})[key]
        yield ("" if active else "# ") + f"{key} = {_toml(value)}"
    yield ""


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
