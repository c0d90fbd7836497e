"""Choosing one of a persona's lines: never the same twice running, across restarts too."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from assistant.brain.scripted import fill, variants
from assistant.personas.loading import Persona
from assistant.personas.schema import OpeningKey
from assistant.private_files import write_whole


class LineChooser:
    """Picks variants at random, but never the one that was picked last for the same key.

    `memory` is a small file that carries the last picks over a restart (two greetings alike on two
    mornings running are the first thing a person notices); None keeps nothing.
    """

    def __init__(
        self,
        seed: int | None = None,
        memory: Path | None = None,
        ready: Callable[[str], bool] = lambda text: False,
    ) -> None:
        """`ready` tells whether a text would sound at once; such variants are preferred."""
        self._ready = ready
        self._random = random.Random(seed)
        self._memory = memory
        self._last: dict[str, str] = self._read()

    def choose(self, key: str, variants: list[str]) -> str:
        """One of `variants` ("" where there are none)."""
        return self._pick(key, {variant: variant for variant in variants})

    def line(self, persona: Persona, key: str, /, **fields: str) -> str:
        """One of the persona's lines for `key` (a field of `Lines`), its placeholders filled; ""
        where there is none."""
        return self._filled(persona, key, variants(persona, key), fields)

    def opening(self, persona: Persona, key: OpeningKey, *, again: bool) -> str:
        """How it greets, or takes over; see `Persona.openings`."""
        return self._filled(persona, key, persona.openings(key, again=again), {})

    def _filled(
        self, persona: Persona, key: str, templates: Sequence[str], fields: Mapping[str, str]
    ) -> str:
        filled = {template: fill(template, persona, fields) for template in templates}
        return self._pick(f"{persona.slug}.{key}", {t: line for t, line in filled.items() if line})

    def _pick(self, key: str, lines: dict[str, str]) -> str:
        """One of `lines`. Their names are kept, not they: the user's own words may be in them,
        and what the user wants forgotten must not stay here."""
        fresh = [name for name in lines if name != self._last.get(key)] or list(lines)
        if not fresh:
            return ""
        name = self._random.choice([n for n in fresh if self._ready(lines[n])] or fresh)
        self._last[key] = name
        self._write()
        return lines[name]

    def _read(self) -> dict[str, str]:
        if self._memory is None:
            return {}
        try:
            data = json.loads(self._memory.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}

    def _write(self) -> None:
        if self._memory is None:
            return
        try:
            data = json.dumps(self._last, ensure_ascii=False).encode()
            write_whole(self._memory, data, durable=False)
        except OSError:
            self._memory = None  # a nicety, not worth a word on a full disk
