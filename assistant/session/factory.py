"""Puts a session together from the settings: the only place that knows every part."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from random import Random

from assistant.audio.base import AudioIO
from assistant.backends.base import BackendError
from assistant.backends.host.child import Launch, use_one_heap
from assistant.backends.host.process import BackendProcess
from assistant.backends.registry import (
    backend_options,
    backend_python,
    choose_backend,
    fallback_of,
)
from assistant.brain.base import Brain, BrainError
from assistant.brain.scripted import ScriptedBrain, known_lines
from assistant.brain.switch import BrainSwitch
from assistant.config.editing import set_value
from assistant.config.schema import Config, ConfigError
from assistant.emotion.corrections import CueWeights
from assistant.emotion.watch import FeelingWatch
from assistant.frames import AnyEvent, Load
from assistant.language.person import first_person
from assistant.locations import (
    data_dir,
    feelings_file,
    last_turn_file,
    lists_file,
    log_dir,
    timers_file,
    transcripts_dir,
)
from assistant.memory.conversation import ConversationMemory, NoMemory
from assistant.memory.factory import open_store
from assistant.memory.service import MemoryService
from assistant.memory.unwritten import PRIVATE, SWITCHED_OFF
from assistant.personas.loading import LoadedPersonas, load_personas, watch_personas
from assistant.session.clients.private_socket import serve_privately
from assistant.session.dependencies import SessionDependencies
from assistant.session.events import BackendChosen, Failure, Notice, SessionEvent
from assistant.session.frontend import SessionFrontend
from assistant.session.persona_switch import LineChooser
from assistant.session.session import Session
from assistant.session.timers import desktop_notifier
from assistant.session.transcript_store import TranscriptStore, any_transcript, talked_to
from assistant.skills import Kept, Lists, Schedule
from assistant.tools.builtin.memory import PendingDeletion, memory_tools
from assistant.tools.registry import Tool


def _unseen(title: str, text: str) -> None:
    """Nothing is shown outside of the program."""


_CONVERSE = "moshi-"
"""How the names of backends begin that answer by themselves."""
_MOST_TOLD = 5
"""Persona files that a notice names."""


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
    remember: bool = False,
) -> SessionFrontend:
    """A session that is ready to `start`; see `make_dependencies`."""
    use_one_heap()  # before there are threads
    return Session(
        make_dependencies(
            config,
            audio,
            personas=personas,
            clock=clock,
            steps=steps,
            seed=seed,
            remember=remember,
        )
    )


def make_dependencies(
    config: Config,
    audio: AudioIO,
    *,
    personas: LoadedPersonas | None = None,
    clock: Callable[[], float] | None = None,
    steps: bool = False,
    seed: int | None = None,
    remember: bool = False,
) -> SessionDependencies:
    """What a session is made of, by these settings.

    `personas` are those of `find_personas`, where the caller has looked already.
    `clock` and `steps` are for `assistant talk`: the input's clock, and frames one by one.
    With a `seed` the choice of lines (and, without one of its own, of a model's words) is the same
    every time, and its choices are not remembered.
    `remember`: this is a person's conversation, which memory (where it is enabled) keeps.
    Raises `ConfigError` for settings that cannot be, `BackendError` where no backend can run.
    """
    personas = personas or find_personas(config)
    choice = choose_backend(config)
    everyone = list(personas.loaded.values())
    prefetched: set[str] = set()
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

    scripted = ScriptedBrain(None if seed is None else Random(seed), ready=prefetched.__contains__)
    private = config.memory.private
    sealed = config.memory.enabled and config.memory.encryption != "off"
    saved = config.session.save and not (private or sealed)
    schedule = Schedule(timers_file() if remember else None, keeps=saved)
    lists = Lists(lists_file() if remember else None, keeps=saved)
    pending = PendingDeletion(Kept(schedule, lists))
    memory, tools = _memory(config, scripted, pending) if remember else (NoMemory(), [])

    brains = BrainSwitch(
        config.brain,
        scripted,
        awake=not choice.name.startswith(_CONVERSE),
        looks=clock is None,  # on an input's clock it shall be the same every time
    )

    async def make_brain(notify: Callable[[Notice], None]) -> Brain:
        def tell(error: BrainError) -> None:
            notify(Notice(text=error.message, remedy=error.remedy, severity="warning"))

        persona = personas.loaded.get(config.session.persona)
        brain, _ = await brains.first(tell, persona)
        return brain

    carried_over = config.session.save and not private and seed is None

    def met() -> frozenset[str]:
        """Only where something of this conversation may be known later, too."""
        names = talked_to() if carried_over and memory.enabled else ()
        return frozenset(p.slug for p in everyone if p.name in names)

    def is_first() -> bool:
        return remember and carried_over and not any_transcript()

    return SessionDependencies(
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
        brains=brains,
        scripted=scripted,
        known_lines=known_lines,
        prefetched=prefetched,
        is_first=is_first,
        met=met,
        store=TranscriptStore(transcripts_dir(), enabled=saved),
        last_turn=last_turn_file() if saved else None,
        memory=memory,
        tools=tools,
        follow_up=pending.answered,
        lines=LineChooser(
            seed,
            data_dir() / "last_lines.json" if carried_over else None,
            prefetched.__contains__,
        ),
        clock=clock,
        schedule=schedule,
        notify=desktop_notifier() if remember and config.session.notifications else _unseen,
        lists=lists,
        remember_permission=_always if remember else lambda tool: None,
        feelings=_feelings(config, kept=remember and saved),
    )


def _always(tool: str) -> None:
    """Raises `ConfigError` where the settings cannot be written."""
    set_value(f"session.permissions.{tool}", "always")


def _feelings(config: Config, *, kept: bool) -> FeelingWatch | None:
    """What reads how the user is; `kept`: what he corrects is known the next time, too."""
    if not config.emotion.enabled:
        return None
    return FeelingWatch(CueWeights(feelings_file() if kept else None))


def _memory(
    config: Config, scripted: ScriptedBrain, pending: PendingDeletion
) -> tuple[ConversationMemory, list[Tool]]:
    """What is remembered, by these settings, and the tools that ask it. Who wants no transcript
    wants no journal either."""
    wanted = config.memory
    private = wanted.private or not config.session.save
    if not wanted.enabled:
        return NoMemory(private=private, why=PRIVATE if private else SWITCHED_OFF), []

    def forgotten(texts: Sequence[str]) -> None:
        for text in texts:
            scripted.knowledge.unlearn(first_person(text, scripted.knowledge.name))
            scripted.knowledge.unlearn(text)

    memory = MemoryService(
        open_store(wanted),
        private=private,
        walls=wanted.walls,
        budget_tokens=wanted.budget_tokens,
        write_every=60 * wanted.write_every_minutes,
        on_name=scripted.knowledge.learn_name,
        on_forgotten=forgotten,
    )
    return memory, memory_tools(memory, pending)


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
    told, more = personas.failed[:_MOST_TOLD], len(personas.failed) - _MOST_TOLD
    text = "; ".join([*map(str, told), *([f"and {more} more files"] if more > 0 else [])])
    return [Notice(text=text, severity="warning", remedy="assistant personas check")]


async def follow_persona_files(session: SessionFrontend) -> None:
    """Pick up changed persona files while the session runs; never returns."""

    def changed(personas: LoadedPersonas) -> None:
        session.replace_personas(list(personas.loaded.values()), [str(f) for f in personas.failed])

    await watch_personas(on_change=changed)


def make_conversation(config: Config, audio: AudioIO) -> SessionFrontend:
    """A session as front ends hold it: it remembers, tells what is wrong with persona files,
    follows them, and can be reached by other programs of the user's where `session.reachable` is
    set. In the running event loop."""
    personas = find_personas(config)
    session = make_session(config, audio, personas=personas, remember=True)
    session.at_start(startup_notices(personas), follow_persona_files)
    if config.session.reachable:
        session.at_start([], serve_privately)
    return session


async def start_and_wait(session: SessionFrontend) -> None:
    """Returns once the backend is ready. Raises `BackendError` where it cannot run; the session is
    the caller's to stop either way."""
    ready: asyncio.Future[Failure | None] = asyncio.get_running_loop().create_future()

    def watch(event: SessionEvent) -> None:
        if ready.done():
            return
        if isinstance(event, BackendChosen) and event.ready:
            ready.set_result(None)
        elif isinstance(event, Failure):
            ready.set_result(event)

    unsubscribe = session.subscribe(watch)
    try:
        await session.start()
        failure = await ready
    finally:
        unsubscribe()
    if failure is not None:
        raise BackendError(failure.text, failure.remedy)
