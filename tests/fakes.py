"""Fakes of the house's own contracts, for tests of what stands in front of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from math import ceil
from typing import Literal, TypeVar

import msgspec
import numpy as np

from assistant.audio.base import DeviceChoice, OnFrame
from assistant.audio.files import NullAudio
from assistant.audio.frontend.frontend import FrontEnd
from assistant.audio.levels import LevelHistory
from assistant.audio.types import Float32
from assistant.backends.wire import encode_pcm
from assistant.brain.base import BrainChoice, Piece, Question
from assistant.calls.parser import ToolCall
from assistant.config.schema import AudioConfig
from assistant.frames import (
    FRAME_SAMPLES,
    FRAME_SECONDS,
    AgentState,
    AgentText,
    AnyCommand,
    AnyEvent,
    AudioOut,
    Capabilities,
    Failed,
    Interrupt,
    Load,
    Push,
    Ready,
    Say,
    Status,
    Transcribe,
    Transcribed,
    UtteranceEnded,
)
from assistant.language.tokens import content
from assistant.locations import transcripts_dir
from assistant.memory.base import (
    ANY,
    Filters,
    Forgotten,
    Found,
    Journal,
    Memory,
    MemoryFailure,
)
from assistant.memory.conversation import NoMemory
from assistant.memory.service import MemoryService
from assistant.personas.loading import Colors, Persona, PromptTexts, WaveformGlyphs
from assistant.session.askers import Askers
from assistant.session.clients.requests import AnyRequest, AnyResult, Spoken
from assistant.session.events import (
    AgentSaid,
    AudioChanged,
    BackendChosen,
    BrainChosen,
    ConversationResumed,
    FirstSample,
    LoadProgress,
    Notice,
    PersonaChanged,
    SessionEvent,
    StateChanged,
    ToolCalled,
    ToolFinished,
    UserSaid,
)
from assistant.session.frontend import Beside
from assistant.session.past_conversations import PastConversations
from assistant.tools.registry import ToolResult

Sent = TypeVar("Sent", bound=AnyCommand)


def make_persona(slug: str, name: str, summary: str, order: int = 1, **changes: object) -> Persona:
    """A persona that satisfies the schema; `changes` replace its parts."""
    dependencies: dict[str, object] = {
        "slug": slug,
        "name": name,
        "summary": summary,
        "order": order,
        "greetings": [f"{name} at your service."],
        "reintroductions": [f"{name} again."],
        "prompt": PromptTexts(identity=f"You are {name}.", personality="Brief."),
        "colors": DARK,
    }
    return Persona.model_validate({**dependencies, **changes})


DARK = Colors(
    background="#0b1220", surface="#101a2c", panel="#15233a", foreground="#dbe7f5",
    primary="#4fc3f7", secondary="#9ad0ec", accent="#ffb454", success="#7bd88f",
    warning="#ffc857", error="#ff7b72", muted="#8fa6bf",
)  # fmt: skip
AMBER = Colors(
    background="#15100a", surface="#1d160d", panel="#281d10", foreground="#f3e3c8",
    primary="#ffb000", secondary="#ffd479", accent="#7fd4ff", success="#9fd86b",
    warning="#ffcf4d", error="#ff8a6b", muted="#b89b6e",
)  # fmt: skip
LIGHT = Colors(
    background="#fbf7f2", surface="#f3ece3", panel="#ebe1d4", foreground="#2c2320",
    primary="#a3372a", secondary="#3f5f7f", accent="#7a4a00", success="#2c6b2f",
    warning="#7d5200", error="#a1121f", muted="#6a5a50", dark=False,
)  # fmt: skip

BUTLER = make_persona("butler", "Butler", "Dry wit, impeccable manners, always a step ahead.")
CORE = make_persona(
    "core", "Core 9", "A testing machine that sings while it disapproves.", 2,
    colors=AMBER, waveform=WaveformGlyphs(glyphs=[" ", "░", "▒", "▓", "█"]),
)  # fmt: skip
FRIEND = make_persona("friend", "Wren", "Warm, curious, glad that you came.", 3, colors=LIGHT)
PERSONAS = [
    BUTLER,
    CORE,
    FRIEND,
    *(
        make_persona(f"extra-{n}", name, summary, 3 + n)
        for n, (name, summary) in enumerate(
            [
                ("Navigator", "Counts the stars and your spare minutes."),
                ("Pessimist", "Knows how this will end, and says so."),
                ("Marshal", "Short orders, steady voice."),
                ("Interpreter", "Fluent in six million ways to apologise."),
                ("Motor", "Drives, parks, and has opinions on both."),
                ("Plain", "No manner at all, only answers."),
                ("Archivist", "Remembers what you said in the second sentence."),
            ],
            1,
        )
    ),
]


async def refuse(call: ToolCall) -> bool:
    """Nobody is there to be asked."""
    return False


class FakeSession:
    """A `SessionFrontend` without sound: it does what it is told and writes down what it was asked.

    `on_start` are the events of `start`; anything else is sent with `emit`.
    """

    def __init__(
        self,
        personas: Iterable[Persona] = PERSONAS,
        on_start: Iterable[SessionEvent] = (),
    ) -> None:
        self._personas = list(personas)
        self._listeners: list[Callable[[SessionEvent], None]] = []
        self._on_start = list(on_start)
        self.persona = self._personas[0]
        self.state: AgentState = "initializing"
        self.is_silent = True
        self.last_answer = ""
        self.askers = Askers()
        self.said: list[SessionEvent] = []
        """What `replay` gives."""
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        self.calls: list[tuple[str, object]] = []
        """What front ends asked for: (method, argument)."""
        self.audio = AudioChanged(microphone="Built-in Audio", speaker="Built-in Audio")
        self.choices = [
            DeviceChoice("input", "Built-in Audio Analog Stereo", is_default=True, in_use=True),
            DeviceChoice("input", "USB Headset", is_default=False, in_use=False),
            DeviceChoice("output", "Built-in Audio Analog Stereo", is_default=True, in_use=True),
            DeviceChoice("output", "USB Headset", is_default=False, in_use=False),
            DeviceChoice("output", "Living Room", is_default=False, in_use=False),
        ]
        """What `devices` finds."""
        self.answerers = [
            BrainChoice("auto", "automatic", "your server, else our own model", in_use=True),
            BrainChoice("ollama/llama3", "llama3 · Ollama", "a server that you run", in_use=False),
            BrainChoice("qwen3-1.7b", "qwen3-1.7b · own server", "1,280 MB", in_use=False),
            BrainChoice("scripted", "scripted persona", "no language model", in_use=False),
        ]
        """What `brains` finds."""
        self.memory: NoMemory = MemoryService(FakeMemoryStore())
        self.past = PastConversations(transcripts_dir())
        self.served: asyncio.Event | None = None
        """What requests of other programs wait for, …"""
        self.cancelled = 0
        """… and how many of them were cancelled."""
        self.failing: dict[str, Exception] = {}
        """Raised by the method of that name."""

    def emit(self, *events: SessionEvent) -> None:
        for event in events:
            if isinstance(event, StateChanged):
                self.state = event.state
            if isinstance(event, AudioChanged):
                self.audio = event
            for listener in list(self._listeners):
                listener(event)

    def replace_personas(self, personas: Iterable[Persona], failed: Iterable[str] = ()) -> None:
        """As if the files had changed; tell it with `PersonasReloaded`."""
        self._personas = list(personas)
        by_slug = {persona.slug: persona for persona in self._personas}
        self.persona = by_slug.get(self.persona.slug, self._personas[0])

    # --- SessionFrontend ---------------------------------------------------------------------

    async def resume(self, id: str) -> None:
        self._asked("resume", id)
        past = await self.past.read(id)
        self.emit(ConversationResumed(id=id, began=past.when, turns=past.turns))

    def personas(self) -> list[Persona]:
        return list(self._personas)

    def subscribe(self, listener: Callable[[SessionEvent], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def standing(self) -> list[SessionEvent]:
        return [self.audio]

    def replay(self) -> list[SessionEvent]:
        return list(self.said)

    def at_start(self, notices: list[Notice], *work: Beside) -> None:
        self._asked("at_start", notices)

    async def start(self) -> None:
        self._asked("start")
        self.emit(*self._on_start)

    async def stop(self) -> None:
        self._asked("stop")

    async def settled(self) -> None:
        """No answer is ever made."""

    finished = settled

    async def change_persona(self, slug: str) -> None:
        self._asked("set_persona", slug)
        self.persona = {persona.slug: persona for persona in self._personas}[slug]
        self.emit(PersonaChanged(persona=self.persona))

    async def brains(self) -> list[BrainChoice]:
        self._asked("brains")
        return list(self.answerers)

    def change_brain(self, name: str) -> asyncio.Future[None]:
        self._asked("change_brain", name)
        self.answerers = [replace(each, in_use=each.name == name) for each in self.answerers]
        label = next((each.label for each in self.answerers if each.in_use), "")
        self.emit(BrainChosen(label=label))
        return asyncio.ensure_future(asyncio.sleep(0))

    async def send_text(self, text: str) -> None:
        self._asked("send_text", text)
        self.emit(UserSaid(turn=len(self.calls), text=text, final=True, typed=True))

    def greet(self) -> None:
        self._asked("greet")

    def say(self, *texts: str) -> None:
        self._asked("say", texts)

    async def serve_client(
        self, client: str, request: AnyRequest, progress: Callable[[str], None]
    ) -> AnyResult:
        self._asked("serve_client", (client, request))
        progress("waits")
        if self.served is not None:
            try:
                await self.served.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return Spoken("Hello.", interrupted=False, aloud=True)

    def take_frame(self, number: int, samples: Float32) -> None:
        self._asked("take_frame", number)

    async def feed(self, number: int, samples: Float32) -> None:
        self._asked("feed", number)

    def interrupt(self) -> None:
        self._asked("interrupt")

    def repeat(self) -> None:
        self._asked("repeat")

    def set_muted(self, muted: bool) -> None:
        self._asked("set_muted", muted)
        self._audio(muted=muted)

    def set_push_to_talk(self, on: bool) -> None:
        self._asked("set_push_to_talk", on)
        self._audio(push_to_talk=on, talk_key=False)

    def talk_key(self, down: bool) -> None:
        self._asked("talk_key", down)
        self._audio(talk_key=down)

    async def devices(self) -> list[DeviceChoice]:
        self._asked("devices")
        return list(self.choices)

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        self._asked("use_device", (kind, name))
        taken = next(
            choice.name
            for choice in self.choices
            if choice.kind == kind and (choice.is_default if name is None else choice.name == name)
        )
        self.choices = [
            replace(choice, in_use=choice.name == taken) if choice.kind == kind else choice
            for choice in self.choices
        ]
        self._audio(**{"microphone" if kind == "input" else "speaker": taken})

    def sample(self, slug: str, delivery: str = "") -> None:
        self._asked("sample", (slug, delivery))

    def play_test_sound(self) -> None:
        self._asked("play_test_sound")

    def set_volume(self, volume: float) -> float:
        self._asked("set_volume", round(volume, 3))
        self._audio(volume=volume)
        return volume

    def set_speech_rate(self, rate: float) -> float:
        self._asked("set_speech_rate", round(rate, 3))
        self._audio(rate=rate)
        return rate

    def _asked(self, method: str, argument: object = None) -> None:
        self.calls.append((method, argument))
        if method in self.failing:
            raise self.failing[method]

    def _audio(self, **changes: object) -> None:
        self.emit(msgspec.structs.replace(self.audio, **changes))


def speech_like(seconds: float, seed: int = 7, peak: float = 0.5) -> np.ndarray:
    """Noise under a syllable-like envelope: float32 at 24 kHz, the same each time."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * 24_000)) / 24_000
    envelope = np.abs(np.sin(2 * np.pi * 1.9 * t)) ** 3 * (
        0.35 + 0.65 * np.sin(2 * np.pi * 0.23 * t) ** 2
    )
    pauses = (np.sin(2 * np.pi * 0.31 * t + 1) > -0.75).astype(float)
    return (peak * envelope * pauses * rng.uniform(-1, 1, t.size)).astype(np.float32)


READY: list[SessionEvent] = [
    AudioChanged(microphone="Built-in Audio Analog Stereo", speaker="Built-in Audio Analog Stereo"),
    BrainChosen(label="scripted persona"),
    BackendChosen(
        name="cascade",
        reason="no Apple Silicon, no CUDA GPU",
        engine="whisper tiny.en int8, kokoro-82m int8",
        ready=True,
    ),
    StateChanged(state="idle"),
]
"""What a session tells when all has gone well."""

LOADING: list[SessionEvent] = [
    AudioChanged(microphone="Built-in Audio Analog Stereo", speaker="Built-in Audio Analog Stereo"),
    BackendChosen(name="cascade", reason="no Apple Silicon, no CUDA GPU"),
    LoadProgress(text="joining the voice's weights", fraction=0.42),
]

_CHANGE = ToolCall("change_theme", {"persona_name": "Core 9"}, "1", "speech")


def conversation(persona: str = "butler", other: str = "core") -> list[SessionEvent]:
    """A little of everything: greeting, question, interruption, a tool, partial words."""
    greeting = "Good evening. Everything is ready for you."
    heard = "It is nineteen minutes past six. I would suggest tea, a short walk,"
    meant = heard + " and then the letter you have been avoiding since Tuesday."
    taken_over = "Oh. It is you again. The test resumes."
    return [
        AgentSaid(turn=1, persona=persona, text=greeting, final=True, played=greeting),
        StateChanged(state="listening"),
        UserSaid(turn=2, text="what time", final=False),
        UserSaid(turn=2, text="What time is it, and what should I do today?", final=True),
        StateChanged(state="thinking"),
        StateChanged(state="speaking"),
        FirstSample(turn=3, latency=0.52),
        AgentSaid(turn=3, persona=persona, text=meant[:33]),
        AgentSaid(
            turn=3, persona=persona, text=meant[33:], final=True, played=heard, interrupted=True
        ),
        StateChanged(state="listening"),
        UserSaid(turn=4, text="Change to Core nine.", final=True),
        FirstSample(turn=5, latency=0.44),
        ToolCalled(call=_CHANGE),
        ToolFinished(result=ToolResult(_CHANGE, True, "now Core 9", seconds=0.02)),
        AgentSaid(turn=5, persona=other, text=taken_over, final=True, played=taken_over),
        UserSaid(turn=6, text="and how long will it", final=False),
    ]


async def until(
    condition: Callable[[], bool], wait: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Return once `condition` holds; fails after 5 s of patience."""
    for _ in range(500):
        if condition():
            return
        await (wait() if wait else asyncio.sleep(0.01))
    raise AssertionError("waited in vain")


SAMPLES_A_WORD = 2_400
"""What a `FakeBackendProcess` makes of each word: 0.1 s of a steady tone."""


class FakeBackendProcess:
    """A backend process without a process. It speaks what it is told to (each word 0.1 s) and hears
    what a test says it hears; `emit` gives the session any event.

    With `voice` off, nothing comes of a `Say` until the test emits it. Recordings say what is next
    in `written_down`.
    """

    def __init__(self, load: Load, on_event: Callable[[AnyEvent], None]) -> None:
        self.load = load
        self.emit = on_event
        self.sent: list[AnyCommand] = []
        """Commands that a loaded child would have got, in order."""
        self.ready = asyncio.Event()
        self.dropped = 0
        self.given_up = False
        self.was_there = True
        self.is_away = False
        """It waits for its next start; `started_again` counts how often somebody wants it back."""
        self.started_again = 0
        self.voice = True
        self.written_down: list[Transcribed] = []
        self.capabilities = Capabilities(user_text=True, say=True, prosody=True)
        self.stopped = False
        self._samples: dict[int, int] = {}
        self._generation = 0

    # --- what the session asks -------------------------------------------------------------

    def start(self) -> None:
        self.emit(Status("starting"))

    def start_again(self) -> bool:
        self.started_again += self.is_away
        return self.is_away

    async def stop(self) -> None:
        self.stopped = True
        self.ready.clear()

    def send(self, command: AnyCommand) -> None:
        if not self.ready.is_set():
            return
        self.sent.append(command)
        match command:
            case Interrupt():
                self._generation += 1
                self._samples.clear()
            case Say() if self.voice:
                asyncio.get_running_loop().call_soon(self._speak, command, self._generation)
            case Transcribe(number=number) if self.written_down:
                answer = msgspec.structs.replace(self.written_down.pop(0), number=number)
                asyncio.get_running_loop().call_soon(self.emit, answer)

    async def push_and_wait(self, command: Push) -> None:
        self.send(command)

    # --- what a test does --------------------------------------------------------------------

    def come_up(self) -> None:
        """The child has loaded."""
        self.ready.set()
        self.emit(Ready(self.capabilities, "fake ears, fake voice"))

    def crash(self) -> None:
        """The child dies, and will be started again."""
        self.ready.clear()
        self._generation += 1
        self._samples.clear()
        self.emit(Failed(message="the fake backend stopped (killed)", remedy="starting it again"))

    def of(self, kind: type[Sent]) -> list[Sent]:
        """The commands of this kind that were sent."""
        return [command for command in self.sent if isinstance(command, kind)]

    def said(self) -> str:
        """All text that was handed over to be spoken."""
        return "".join(command.text for command in self.of(Say))

    def _speak(self, command: Say, generation: int) -> None:
        if generation != self._generation:
            return
        start = self._samples.get(command.utterance, 0)
        end = start + SAMPLES_A_WORD * len(command.text.split())
        self._samples[command.utterance] = end
        if end > start:
            tone = np.full(end - start, 0.1, np.float32)
            self.emit(AgentText(command.utterance, command.text, start, end))
            self.emit(AudioOut(command.utterance, encode_pcm(tone)))
        if command.final:
            self.emit(UtteranceEnded(command.utterance, end))


class FakeFrontEnd(FrontEnd):
    """Ears in a test's hands: `user_speaks` is what the real one finds out by itself."""

    def __init__(self, *, clean: bool = False) -> None:
        super().__init__(AudioConfig(headset=True))
        self.clean = clean

    def user_speaks(self, on: bool) -> None:
        self.voice = on
        self.on_voice(on)

    def heard(self, pcm: Float32) -> Float32:
        return pcm

    def played(self, pcm: Float32) -> None:
        pass

    def describe(self) -> str:
        return ""


class FakeAudio(NullAudio):
    """Devices that a test holds in its hands: `hear` is the microphone, `playback` the speaker."""

    def __init__(self, *, microphone: bool = True, speaker: bool = True) -> None:
        super().__init__()
        self.front: FakeFrontEnd = FakeFrontEnd()
        self.microphone = "fake microphone" if microphone else None
        self.speaker = "fake speaker" if speaker else None
        self.stopped = False
        self._on_frame: OnFrame = lambda number, frame: None
        self._on_problem: Callable[[str, str], None] = lambda text, remedy: None
        self._frames = 0

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        self._on_frame = on_frame
        self._on_problem = on_problem

    async def stop(self) -> None:
        self.stopped = True

    def hear(self, frames: int = 1) -> None:
        """The microphone hears something loud."""
        for _ in range(frames):
            self._on_frame(self._frames, np.full(FRAME_SAMPLES, 0.3, np.float32))
            self._frames += 1

    def listen(self, at: float | None = None) -> None:
        """The microphone hears nothing, for a frame (which ends `at` seconds)."""
        if at is not None:
            self._frames = max(self._frames, ceil(at / FRAME_SECONDS) - 1)
        self._on_frame(self._frames, np.zeros(FRAME_SAMPLES, np.float32))
        self._frames += 1

    def lose(self) -> None:
        """Somebody pulls the plug."""
        self.microphone = self.speaker = None
        self._on_problem("The sound devices were lost.", "Plug them in again.")


class FakeBrain:
    """Answers from a script: each answer is a list of pieces, taken in turn. A piece may be an
    exception, which is raised, or an event, which is waited for."""

    label = "a fake brain"

    def __init__(self, *answers: list[Piece | Exception | asyncio.Event]) -> None:
        self._answers = list(answers)
        self.questions: list[Question] = []
        self.given_up = 0
        """Answers that were not heard to their end."""
        self.closed = False

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        self.questions.append(question)
        complete = False
        try:
            for piece in self._answers.pop(0):
                if isinstance(piece, Exception):
                    raise piece
                if isinstance(piece, asyncio.Event):
                    await piece.wait()
                else:
                    yield piece
            complete = True
        finally:
            self.given_up += not complete

    async def close(self) -> None:
        self.closed = True


class FakeMemoryStore:
    """A `MemoryStore` in a dictionary, which finds what has a word in common with the question.

    `failure` is raised by everything while it is set.
    """

    def __init__(self, *journals: Journal) -> None:
        self.kept: dict[str, Journal] = {}
        self.failure: MemoryFailure | None = None
        self.writes = 0
        self.searches: list[str] = []
        for journal in journals:
            self.write(journal)

    def write(self, journal: Journal) -> None:
        self._check()
        self.writes += 1
        self.kept[journal.id] = deepcopy(journal)

    def journals(self) -> list[str]:
        self._check()
        return sorted(self.kept)

    def read(self, journal: str) -> Journal:
        self._check()
        return deepcopy(self.kept[journal])

    def memories(self, filters: Filters = ANY) -> list[Memory]:
        self._check()
        found = [
            memory
            for journal in self.kept.values()
            for memory in journal.memories
            if not memory.replaced_by
            and (not filters.categories or memory.category in filters.categories)
            and (not filters.persona or memory.persona == filters.persona)
        ]
        return sorted(found, key=lambda memory: memory.at, reverse=True)

    def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> list[Found]:
        self._check()
        self.searches.append(query)
        hits = [Found(m.id, m.text, m.at, m.persona, 0.0, m) for m in self.memories(filters)]
        hits += [
            Found(f"{journal.id}#{turn.number}", turn.text, turn.at, journal.persona, 0.0)
            for journal in self.kept.values()
            for turn in journal.turns
            if not filters.persona or journal.persona == filters.persona
        ]
        words = content(query)
        scored = [replace(hit, score=float(len(words & content(hit.text)))) for hit in hits]
        return sorted((h for h in scored if h.score), key=lambda h: -h.score)[:limit]

    def forget(self, ids: Sequence[str]) -> Forgotten:
        self._check()
        gone = set(ids)
        before = self._counts()
        for id in gone & set(self.kept):
            del self.kept[id]
        for journal in self.kept.values():
            journal.memories = [m for m in journal.memories if m.id not in gone]
            journal.turns = [t for t in journal.turns if f"{journal.id}#{t.number}" not in gone]
        after = self._counts()
        return Forgotten(*(a - b for a, b in zip(before, after, strict=True)))

    def _counts(self) -> tuple[int, int, int]:
        journals = self.kept.values()
        return (
            sum(len(journal.memories) for journal in journals),
            sum(len(journal.turns) for journal in journals),
            len(self.kept),
        )

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure
