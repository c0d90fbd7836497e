"""Puts a session together from the settings: the only place that knows every part."""

from __future__ import annotations

import logging
from collections.abc import Callable
from random import Random

from assistant.audio.base import AudioIO
from assistant.backends.child import Launch
from assistant.backends.process import BackendProcess
from assistant.backends.registry import (
    backend_options,
    backend_python,
    choose_backend,
    fallback_of,
)
from assistant.brain.base import Brain, BrainError
from assistant.brain.choose import choose_brain
from assistant.brain.scripted import ScriptedBrain, known_lines
from assistant.config import Config, ConfigError
from assistant.conversation.lines import LineChooser
from assistant.conversation.parts import Parts
from assistant.events import Notice
from assistant.frames import AnyEvent, Load
from assistant.locations import data_dir, log_dir, transcripts_dir
from assistant.personas import LoadedPersonas, load_personas, watch_personas
from assistant.session import Session
from assistant.transcript_store import TranscriptStore

log = logging.getLogger(__name__)


def find_personas(config: Config) -> LoadedPersonas:
    """Every persona there is. Raises `ConfigError` where the one that shall greet is not among
    them; broken files are in `failed`."""
    personas = load_personas()
    wanted = config.session.persona
    slug = personas.called(wanted)
    if slug is None:
        names = ", ".join(personas.loaded)
        raise ConfigError(f"there is no persona called “{wanted}”", f"choose one of {names}")
    config.session.persona = slug
    return personas


def make_session(
    config: Config,
    audio: AudioIO,
    *,
    personas: LoadedPersonas | None = None,
    clock: Callable[[], float] | None = None,
    steps: bool = False,
    seed: int | None = None,
) -> Session:
    """A session that is ready to `start`; see `make_parts`."""
    return Session(
        make_parts(config, audio, personas=personas, clock=clock, steps=steps, seed=seed)
    )


def make_parts(
    config: Config,
    audio: AudioIO,
    *,
    personas: LoadedPersonas | None = None,
    clock: Callable[[], float] | None = None,
    steps: bool = False,
    seed: int | None = None,
) -> Parts:
    """What a session is made of, by these settings.

    `personas` are those of `find_personas`, where the caller has looked already.
    `clock` and `steps` are for `assistant talk`: the input's clock, and frames one by one.
    With a `seed` the choice of lines (and, without one of its own, of a model's words) is the same
    every time, and nothing of it is remembered.
    Raises `ConfigError` for settings that cannot be, `BackendError` where no backend can run.
    """
    personas = personas or find_personas(config)
    choice = choose_backend(config)
    everyone = list(personas.loaded.values())
    rehearsed: set[str] = set()
    log_path = log_dir() / "backend.log"
    options = backend_options(choice.name, config)
    if "seed" in options and options["seed"] is None:
        options["seed"] = seed

    def make_backend(load: Load, on_event: Callable[[AnyEvent], None]) -> BackendProcess:
        return BackendProcess(
            choice.name,
            load,
            on_event,
            python=backend_python(choice.name, config),
            log_path=log_path,
            substitute=_substitute(choice.name, load, config),
        )

    async def make_brain(notify: Callable[[Notice], None]) -> Brain:
        def tell(error: BrainError) -> None:
            notify(Notice(text=error.message, remedy=error.remedy, severity="warning"))

        scripted = ScriptedBrain(
            None if seed is None else Random(seed), ready=rehearsed.__contains__
        )
        brain, reason = await choose_brain(config.brain, notify=tell, scripted=scripted)
        log.info("%s", reason)
        return brain

    remember = config.session.save and seed is None
    return Parts(
        config=config,
        personas=everyone,
        audio=audio,
        choice=choice,
        make_backend=make_backend,
        load=Load(
            options=options,
            names=[p.spoken_names() for p in everyone],
            virtual_clock=steps,
        ),
        make_brain=make_brain,
        known_lines=known_lines,
        rehearsed=rehearsed,
        store=TranscriptStore(transcripts_dir(), enabled=config.session.save),
        lines=LineChooser(
            seed,
            data_dir() / "last_lines.json" if remember else None,
            rehearsed.__contains__,
        ),
        clock=clock,
    )


def _substitute(name: str, load: Load, config: Config) -> Launch | None:
    """What is started where this backend cannot be loaded: under our own interpreter, because the
    one of the settings was chosen for the other."""
    fallback = fallback_of(name, config)
    if fallback is None:
        return None
    options = backend_options(fallback.name, config)
    return Launch(fallback.name, Load(options, load.names, load.virtual_clock))


def startup_notices(personas: LoadedPersonas) -> list[Notice]:
    """What a person should know of their persona files: one notice for all failures."""
    if not personas.failed:
        return []
    text = "; ".join(str(f) for f in personas.failed)
    return [Notice(text=text, severity="warning", remedy="assistant personas check")]


async def follow_persona_files(session: Session) -> None:
    """Pick up changed persona files while the session runs; never returns."""

    def changed(personas: LoadedPersonas) -> None:
        session.replace_personas(list(personas.loaded.values()), [str(f) for f in personas.failed])

    await watch_personas(on_change=changed)
