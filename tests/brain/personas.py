"""A persona for tests, and the ones we ship as far as they are there."""

from __future__ import annotations

import tomllib

from assistant.locations import themes_dir
from assistant.personas.loading import Lines, Persona

_COLORS = {
    "background": "#101010",
    "surface": "#181818",
    "panel": "#202020",
    "foreground": "#f0f0f0",
    "primary": "#80c0ff",
    "secondary": "#80ffc0",
    "accent": "#ffc080",
    "success": "#80ff80",
    "warning": "#ffff80",
    "error": "#ff8080",
    "muted": "#a0a0a0",
}
_SLOTS = {
    "time": "{time}",
    "date": "{date}",
    "name_learned": "{user}",
    "name_known": "{user}",
    "fact_learned": "{fact}",
    "fact_known": "{fact}",
    "fact_unknown": "{subject}",
    "arithmetic": "{result}",
    "list_personas": "{personas}",
    "did_you_mean": "{persona}",
    "volume": "{percent}",
}


WORLD: list[dict[str, list[str]]] = [
    {
        "said": ["where is (the|your) ship", "have you [ever] seen a (whale|kraken)"],
        "answers": ["She lies in the bay.", "At anchor, where else?"],
        "why": ["Because the wind has died."],
        "more": ["Her mast is new.", "Her cook is not."],
    },
    {
        "said": ["open [up] the (hatch|hatches) [please]", "tell me a joke about fish"],
        "answers": ["The hatch stays shut, {user}."],
    },
    {"said": ["forget everything", "stop"], "answers": ["Never said."]},
]


def persona(
    lines: Lines | None = None, *, name: str = "Edgar", slug: str = "edgar", world: bool = False
) -> Persona:
    """A persona whose every line tells the key it stands under: "hello 1, captain."."""
    if lines is None:
        texts = {
            key: [f"{key} {n} {_SLOTS.get(key, '')}.".replace(" .", ".") for n in range(3)]
            for key in Lines.model_fields
            if key != "address"
        }
        texts["openers"] = ["Aye.", "Right.", "Gladly, {user}.", "So be it."]
        lines = Lines.model_validate({**texts, "address": "captain"})
    return Persona.model_validate(
        {
            "slug": slug,
            "name": name,
            "aliases": ["Eddie", "old Edgar"],
            "sounds_like": ["etgar"],
            "summary": "for tests",
            "greetings": ["Edgar is here.", "Good to see you, {user}."],
            "reintroductions": ["Edgar again."],
            "prompt": {"identity": "You are Edgar, a sailor.", "personality": "Gruff, but kind."},
            "lines": lines.model_dump(),
            "exchanges": WORLD if world else [],
            "colors": _COLORS,
        }
    )


def shipped() -> list[Persona]:
    """Every persona file in `themes/`."""
    return [
        Persona.model_validate(tomllib.loads(path.read_text("utf-8")) | {"slug": path.stem})
        for path in sorted(themes_dir().glob("*.toml"))
    ]
