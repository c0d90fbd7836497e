"""Persona switch: the personas, the one in charge, and what happens when another takes over."""

from __future__ import annotations

from collections.abc import Callable

from assistant.frames import AnyCommand, ChangePersona, Prefetch, Prefill, SetNames, SpokenNames
from assistant.personas.loading import Persona
from assistant.session.events import PersonaChanged, PersonasReloaded, SessionEvent
from assistant.session.line_chooser import LineChooser
from assistant.session.prefetch import lines_to_prefetch
from assistant.session.turns.agent_turn import AgentTurn


class PersonaSwitch:
    """Keeps backend, agent turn and listeners in step with the persona in charge."""

    def __init__(
        self,
        personas: list[Persona],
        first: str,
        agent_turn: AgentTurn,
        lines: LineChooser,
        known_lines: Callable[[Persona], list[str]],
        send: Callable[[AnyCommand], None],
        clock: Callable[[], float],
        emit: Callable[[SessionEvent], None],
    ) -> None:
        """`first` is the slug of the persona that greets."""
        self._personas = {p.slug: p for p in personas}
        self.current = self._personas[first]
        self._agent_turn = agent_turn
        self._lines = lines
        self._known_lines = known_lines
        self.acquaintance = ""
        """What the greeting adds for a user who is known: "How did the talk go, Ada?"."""
        self.met: set[str] = set()
        """Slugs of the personas that the user is known to have talked to."""
        self._send = send
        self._clock = clock
        self._emit = emit

    def everyone(self) -> list[Persona]:
        """In the order of the picker."""
        return list(self._personas.values())

    def get(self, slug: str) -> Persona:
        """Raises `KeyError` for unknown slugs."""
        return self._personas[slug]

    def names(self) -> list[SpokenNames]:
        return [p.spoken_names() for p in self._personas.values()]

    def name_of(self, slug: str) -> str:
        """For the transcript, also of a persona whose file is gone."""
        return self._personas[slug].name if slug in self._personas else slug

    def greet(self) -> None:
        # What is added says that the user was here, and once is enough.
        again = self.current.slug in self.met and not self.acquaintance
        line = self._lines.opening(self.current, "greetings", again=again)
        self._agent_turn.say(self.current, *(text for text in (line, self.acquaintance) if text))

    def change_persona(self, slug: str) -> None:
        """Change voice, prompt and look at once; the new one introduces itself."""
        persona = self._personas[slug]
        if persona.slug == self.current.slug:
            return
        self._agent_turn.speech.interrupt()
        self.put_in_charge(persona)
        watch = self._agent_turn.stopwatch
        latency = self._clock() - watch.speech_end if watch else None
        self._emit(PersonaChanged(persona=persona, latency=latency))
        again = persona.slug in self.met
        self._agent_turn.say(persona, self._lines.opening(persona, "reintroductions", again=again))
        self.prefetch()

    def heard_of(self, slug: str) -> None:
        """The user has heard this persona, or talked to it."""
        self.met.add(slug)

    def put_in_charge(self, persona: Persona) -> None:
        self.current = persona
        self._send(ChangePersona(persona.prompt_for_backend()))

    def replace(self, personas: list[Persona], failed: list[str]) -> None:
        """The files changed on disk. The persona that is speaking stays if its file is gone."""
        self._personas = {p.slug: p for p in personas}
        self._personas.setdefault(self.current.slug, self.current)
        self._send(SetNames(self.names()))
        self._emit(PersonasReloaded(slugs=list(self._personas), failed=failed))
        changed = self._personas[self.current.slug]
        if changed != self.current:
            self.put_in_charge(changed)
            self._emit(PersonaChanged(persona=changed))
        self.prefetch()
        self.prefill()

    def prefill(self) -> None:
        """Have every persona's prompt run through the model beside the conversation, the one in
        charge first: a change is then a matter of putting a state back."""
        others = [p for p in self._personas.values() if p.slug != self.current.slug]
        for persona in (self.current, *others):
            self._send(Prefill(persona.prompt_for_backend()))

    def prefetch(self) -> None:
        """Have rendered ahead what may be said next."""
        self._send(Prefetch(lines_to_prefetch(self.current, self.everyone(), self._known_lines)))
