"""Persona roster: the personas there are, and the one in charge."""

from __future__ import annotations

from assistant.frames import SpokenNames
from assistant.personas.loading import Persona


class PersonaRoster:
    """The personas there are, in the order of the picker, and the one in charge."""

    def __init__(self, personas: list[Persona], first: str) -> None:
        """`first` is the slug of the persona that greets."""
        self._personas = {p.slug: p for p in personas}
        self.current = self._personas[first]

    def everyone(self) -> list[Persona]:
        return list(self._personas.values())

    def get(self, slug: str) -> Persona:
        """Raises `KeyError` for unknown slugs."""
        return self._personas[slug]

    def names(self) -> list[SpokenNames]:
        return [p.spoken_names() for p in self._personas.values()]

    def name_of(self, slug: str) -> str:
        """Also of a persona whose file is gone: the slug then."""
        return self._personas[slug].name if slug in self._personas else slug

    def replace(self, personas: list[Persona]) -> None:
        """These are there now; the one in charge stays if its file is gone."""
        self._personas = {p.slug: p for p in personas}
        self._personas.setdefault(self.current.slug, self.current)
