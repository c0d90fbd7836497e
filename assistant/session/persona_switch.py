"""Persona switch: what happens when another persona takes over, and what is prefetched for it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from assistant.brain.scripted import fill, variants
from assistant.frames import (
    ChangePersona,
    Prefetch,
    Prefetched,
    PrefetchLine,
    Prefill,
    Prosody,
    SetNames,
    SpokenNames,
)
from assistant.language.delivery.marks import without_marks
from assistant.language.delivery.prosody import NEUTRAL
from assistant.personas.loading import Persona
from assistant.personas.schema import OpeningKey
from assistant.private_files import write_whole
from assistant.session.event_bus import EventBus
from assistant.session.events import PersonaChanged, PersonasReloaded
from assistant.session.signals import AgentTurnEnded, BackendGone, BackendReady
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.messages import AgentUtterance

# Choosing one of a persona's lines: never the same twice running, across restarts too.


SECONDS_A_LETTER = 0.07
"""How long it takes to say something, roughly."""


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

    def ready_line(self, persona: Persona, key: str, longest: float) -> str:
        """As `line`, of those that would sound at once and take `longest` seconds at most to say;
        "" where there is none."""
        templates = [
            template
            for template in variants(persona, key)
            if len(line := fill(template, persona, {}) or "") <= longest / SECONDS_A_LETTER
            and self._ready(line)
        ]
        return self._filled(persona, key, templates, {})

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


# Persona roster: the personas there are, and the one in charge.


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

    def delivery_of(self, slug: str) -> str:
        """The delivery that its file names; "" for none, or where the file is gone."""
        return self._personas[slug].delivery if slug in self._personas else ""

    def replace(self, personas: list[Persona]) -> None:
        """These are there now; the one in charge stays if its file is gone."""
        self._personas = {p.slug: p for p in personas}
        self._personas.setdefault(self.current.slug, self.current)


ProsodyOf = Callable[[str, str], Prosody]
"""From a persona's slug and one of its lines to how that is said."""
_OWN_FIRST = 8
"""Lines of the persona in charge (its openers) that come before the others' introductions."""
_OWN_NEXT = 60
"""… and those after which the others' openers come."""


def lines_to_prefetch(
    ours: Persona,
    everyone: list[Persona],
    known_lines: Callable[[Persona], list[str]],
    prosody_of: ProsodyOf = lambda slug, text: NEUTRAL,
) -> list[PrefetchLine]:
    """Everything the persona in charge may say, and how each other one would begin; as it stands in
    their files.

    A re-introduction of everyone comes early, their further variants late, so that within the first
    minute any change of persona sounds at once.
    """

    def line(persona: Persona, text: str) -> PrefetchLine:
        return PrefetchLine(text, persona.voice.spec(), prosody_of(persona.slug, text))

    own = [line(ours, text) for text in known_lines(ours)]
    others = [p for p in everyone if p.slug != ours.slug]
    introductions = [
        [line(p, text) for text in _filled(p, p.openings("reintroductions", again=True))]
        for p in others
    ]
    first = [lines[0] for lines in introductions if lines]
    later = [line for lines in introductions for line in lines[1:]]
    openers = [line(p, text) for p in others for text in _filled(p, variants(p, "openers"))]
    hesitations = [line(ours, text) for text in _filled(ours, variants(ours, "hesitations"))]
    return (
        own[:_OWN_FIRST]
        + hesitations
        + first
        + own[_OWN_FIRST:_OWN_NEXT]
        + openers
        + own[_OWN_NEXT:]
        + later
    )


def _filled(persona: Persona, templates: list[str]) -> list[str]:
    texts = (fill(template, persona, {}) for template in templates)
    return [text for text in texts if text]


class Prefetcher:
    """Has rendered ahead what may be said next."""

    def __init__(
        self,
        bus: EventBus,
        roster: PersonaRoster,
        known_lines: Callable[[Persona], list[str]],
        prefetched: set[str],
        prosody_of: ProsodyOf = lambda slug, text: NEUTRAL,
    ) -> None:
        """`prefetched`: texts that would sound at once; it grows as the backend tells of them.
        `prosody_of`: how a line of this persona will be said."""
        self._bus = bus
        self._roster = roster
        self._known_lines = known_lines
        self._prefetched = prefetched
        self._prosody_of = prosody_of
        self._marked: dict[str, str] = {}
        """Lines as they are said, and as they stand in a file, where that is not the same."""
        bus.on(Prefetched, self._ready)

    def prefetch(self) -> None:
        """For the persona in charge, and for a change to any other."""
        current, everyone = self._roster.current, self._roster.everyone()
        lines = lines_to_prefetch(current, everyone, self._known_lines, self._prosody_of)
        self._marked = {without_marks(line.text): line.text for line in lines if "[" in line.text}
        self._bus.publish(
            Prefetch([replace(line, text=without_marks(line.text)) for line in lines])
        )

    def _ready(self, event: Prefetched) -> None:
        self._prefetched.add(self._marked.get(event.text, event.text))


class PersonaSwitch:
    """Keeps backend, agent turn and listeners in step with the persona in charge. Greets once, when
    the backend is there or never will be."""

    def __init__(
        self,
        bus: EventBus,
        roster: PersonaRoster,
        agent_turn: AgentTurn,
        lines: LineChooser,
        prefetcher: Prefetcher,
        *,
        greeting: bool,
    ) -> None:
        self._bus = bus
        self._roster = roster
        self._agent_turn = agent_turn
        self._lines = lines
        self._prefetcher = prefetcher
        self._greeted = not greeting
        self.acquaintance = ""
        """What the greeting adds for a user who is known: "How did the talk go, Ada?"."""
        self.first = False
        """Nobody was here before: the greeting offers a next step."""
        self.met: set[str] = set()
        """Slugs of the personas that the user is known to have talked to."""
        bus.on(BackendReady, self._backend_ready)
        bus.on(BackendGone, lambda event: self.greet())
        bus.on(AgentTurnEnded, self._heard_of)

    @property
    def current(self) -> Persona:
        return self._roster.current

    def greet_after_all(self, *, ready: bool) -> None:
        """Greet, although that was not wanted at the start; where nobody can speak yet, then."""
        self._greeted = False
        if ready:
            self.greet()

    def greet(self) -> None:
        if self._greeted:
            return
        self._greeted = True
        # What is added says that the user was here, and once is enough.
        again = self.current.slug in self.met and not self.acquaintance
        line = self._lines.opening(self.current, "greetings", again=again)
        added = self.acquaintance or (self._next_step() if self.first else "")
        self._agent_turn.say(*(text for text in (line, added) if text))

    def _next_step(self) -> str:
        """What somebody who is here for the first time may do. In no words that he would say then:
        those are taken for an echo of these."""
        alone = len(self._roster.everyone()) < 2
        call = "" if alone else ", or call for another persona"
        return f"If you wonder where to begin, ask about my abilities{call}."

    def change_persona(self, slug: str) -> None:
        """Change voice, prompt and look at once; the new one introduces itself. Raises `KeyError`
        for unknown slugs."""
        persona = self._roster.get(slug)
        if persona.slug == self.current.slug:
            return
        self._agent_turn.speech.interrupt()
        self.put_in_charge(persona)
        watch = self._agent_turn.stopwatch
        latency = self._bus.clock() - watch.speech_end if watch else None
        self._bus.publish(PersonaChanged(persona=persona, latency=latency))
        again = persona.slug in self.met
        self._agent_turn.say(self._lines.opening(persona, "reintroductions", again=again))
        self._prefetcher.prefetch()

    def put_in_charge(self, persona: Persona) -> None:
        self._roster.current = persona
        self._bus.publish(ChangePersona(persona.prompt_for_backend()))

    def replace(self, personas: list[Persona], failed: list[str]) -> None:
        """The files changed on disk. The persona that is speaking stays if its file is gone."""
        self._roster.replace(personas)
        self._bus.publish(SetNames(self._roster.names()))
        slugs = [persona.slug for persona in self._roster.everyone()]
        self._bus.publish(PersonasReloaded(slugs=slugs, failed=failed))
        changed = self._roster.get(self.current.slug)
        if changed != self.current:
            self.put_in_charge(changed)
            self._bus.publish(PersonaChanged(persona=changed))
        self._prefetcher.prefetch()
        self._prefill()

    def _backend_ready(self, event: BackendReady) -> None:
        if event.capabilities.snapshots:
            self._prefill()
        self.greet()

    def _heard_of(self, event: AgentTurnEnded) -> None:
        """The user has heard this persona."""
        if event.heard and not event.utterance.aside:
            self.met.add(event.utterance.persona)

    def _prefill(self) -> None:
        """Have every persona's prompt run through the model beside the conversation, the one in
        charge first: a change is then a matter of putting a state back."""
        others = [p for p in self._roster.everyone() if p.slug != self.current.slug]
        for persona in (self.current, *others):
            self._bus.publish(Prefill(persona.prompt_for_backend()))


# Persona voice: what the persona in charge says in lines of its own.


class PersonaVoice:
    """Each line a turn of its own, but for a filler within an answer."""

    def __init__(self, agent_turn: AgentTurn, roster: PersonaRoster, lines: LineChooser) -> None:
        self._agent_turn = agent_turn
        self._roster = roster
        self._lines = lines
        self._filler = ""
        """What filled the last silence."""

    def line(self, key: str, **fields: str) -> str:
        """One of the persona's scripted lines; "" where it has none."""
        return self._lines.line(self._roster.current, key, **fields)

    def say_line(self, key: str, **fields: str) -> None:
        if line := self.line(key, **fields):
            self.say(line)

    def say(self, text: str) -> None:
        self._agent_turn.say(text)

    def hesitate(self, utterance: AgentUtterance, longest: float) -> bool:
        """Begin with a word that any answer may follow, in place of the answer, if one that takes
        `longest` seconds at most would sound at once; never the same twice running."""
        if not self._agent_turn.speech.has_voice():
            return False
        line = self._lines.ready_line(self._roster.current, "hesitations", longest)
        if line:
            self._agent_turn.say_aside(utterance, line)
        return bool(line)

    def fill(self, utterance: AgentUtterance) -> bool:
        """Say that the answer is on its way, in place of it; never the same twice running. In
        writing the wait is seen."""
        line = self._next_filler()
        if line:
            self._agent_turn.say_aside(utterance, line)
        return bool(line)

    def fill_silence(self) -> None:
        """The same where no answer has been begun, or none of its words."""
        active = self._agent_turn.speech.active
        if not any(each.intended for each in active) and (line := self._next_filler()):
            self._agent_turn.say_aside(self._agent_turn.begin(), line)

    def _next_filler(self) -> str:
        line = self.line("waiting") if self._agent_turn.speech.has_voice() else ""
        self._filler = "" if line == self._filler else line
        return self._filler
