"""Hours of conversation, as fast as the machine can: who speaks, who breaks things, who counts."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.host.process import BackendProcess
from assistant.bench.latency import QUESTIONS
from assistant.brain.base import Brain
from assistant.config.schema import Config
from assistant.frames import FRAME_SAMPLES, AnyEvent, Load
from assistant.locations import scratch_dir
from assistant.private_files import scratch_folder
from assistant.session.dependencies import MakeBackend, MakeBrain
from assistant.session.events import Notice
from assistant.session.factory import find_personas, make_dependencies, start_and_wait
from assistant.session.frontend import SessionFrontend
from assistant.session.session import Session
from assistant.session.transcript_store import TranscriptStore, list_transcripts
from benchmarks.simulator.audio import STEP_SAMPLES, SimulatedAudio
from benchmarks.simulator.voice import UserVoice
from benchmarks.soak.faults import TOOLS, Disk, Faults, FaultyBrain, RoomNoise
from benchmarks.soak.ledger import Outcome
from benchmarks.soak.options import SoakOptions
from benchmarks.soak.outcomes import Outcomes
from benchmarks.soak.plan import Fault, Phase, PlannedTurn, plan
from benchmarks.soak.report import print_line, print_progress
from benchmarks.soak.resources import children, open_files, take_sample
from benchmarks.soak.sentences import render_sentences

STEPS_A_FRAME = FRAME_SAMPLES // STEP_SAMPLES
POLITE = 20.0
"""Seconds for which the user lets the assistant go on speaking before speaking anyway."""
ANSWER_WITHIN = 15.0
"""Seconds after the end of the user's words in which an answer must have begun."""
HEARD_OUT = 40.0
"""Seconds after that for which the user listens."""
REPEATS = 3
"""Times the user says again what was lost."""
INTO_WORDS = 0.4
INTO_ANSWER = 0.3
"""Seconds into the user's words, or the answer to them, at which a fault strikes."""
_SILENCE = np.zeros(STEP_SAMPLES, np.float32)


async def soak(config: Config, options: SoakOptions) -> Outcomes:
    """Raises `BackendError` where the backend, or the user's voice, cannot be loaded."""
    await render_sentences()
    await asyncio.to_thread(time.sleep, 0)  # the loop's own thread is no leak of ours
    before = _holdings()
    with scratch_folder(scratch_dir()) as folder:
        one = Soak(config, options, Path(folder))
        began = time.monotonic()
        await one.run()
        one.outcomes.wall_seconds = time.monotonic() - began
    await asyncio.sleep(0.1)
    after = _holdings()
    one.outcomes.left = {name: after[name] - before[name] for name in before}
    return one.outcomes


def _holdings() -> dict[str, int]:
    return {
        "processes": len(children(os.getpid())),
        "tasks": len(asyncio.all_tasks()),
        "threads": sum(not t.name.startswith("asyncio_") for t in threading.enumerate()),
        "files": open_files(),
    }


class Soak:
    """One run. `outcomes` fills as it goes."""

    def __init__(self, config: Config, options: SoakOptions, folder: Path) -> None:
        config = config.model_copy(deep=True)
        config.session.save = False  # not among the user's own conversations: see `store` below
        config.audio.mode = "open"
        config.brain.kind = "scripted"
        self.options = options
        self.outcomes = Outcomes()
        self._folder = folder
        self._room = RoomNoise(options.seed)
        self._disk = Disk()
        self._store = TranscriptStore(folder / "transcripts", write=self._disk.write)
        self._audio = SimulatedAudio(config.audio, noise=self._room)
        personas = find_personas(config)
        self._slugs = [slug for slug in personas.loaded if slug != config.session.persona]
        parts = make_dependencies(
            config, self._audio, personas=personas, clock=lambda: self._audio.now, steps=True,
            seed=options.seed,
        )  # fmt: skip
        parts.tools = list(TOOLS)
        parts.store = self._store
        parts.make_backend = self._kept(parts.make_backend)
        parts.make_brain = self._made_faulty(parts.make_brain)
        self._brain: FaultyBrain | None = None
        self._process: BackendProcess
        self._session: SessionFrontend = Session(parts)
        self._session.subscribe(self.outcomes.ledger)
        self._faults = Faults(
            self._session, self._process, self._audio, self._room, self._disk, self._the_brain,
            folder / "themes", options.seed,
        )  # fmt: skip
        self._process.patience = options.patience
        self._words: Float32 = np.zeros(0, np.float32)
        self._voice: UserVoice | None = None
        self._steps = 0
        self._frames = 0
        self._next_frame = 0
        self._sample_at = 0.0
        self._traced: tracemalloc.Snapshot | None = None

    # -- the hours -----------------------------------------------------------------------------

    async def run(self) -> None:
        try:
            await start_and_wait(self._session)
            await self._hours()
            await self._crashes_in_a_row()
            self._faults.mend_all()
            await self._until(self._is_quiet, HEARD_OUT)
            self._count()
        finally:
            await self._session.stop()
        self.outcomes.transcript_turns = sum(
            info.turns for info in list_transcripts(self._folder / "transcripts")
        )

    async def _hours(self) -> None:
        options = self.options
        self._voice = UserVoice()
        turns = plan(
            options.hours, options.turns_per_hour, seed=options.seed, words=self._hears_words,
            slugs=self._slugs, fault_every=options.fault_every, deadly=options.deadly,
        )  # fmt: skip
        tell = max(1, len(turns) // 20)
        for number, turn in enumerate(turns):
            await self._until(partial(self._is_past, turn.at), options.hours * 3600)
            await self._turn(turn)
            self._trace(number == len(turns) // 4)
            if (number + 1) % tell == 0:
                print_progress(
                    self.outcomes, self._audio.now, number + 1, len(turns), self._process.restarts
                )
            if self._process.given_up:
                return
        await self._until(partial(self._is_past, options.hours * 3600), options.hours * 3600)
        self._trace(False, last=True)

    def _is_past(self, at: float) -> bool:
        return self._audio.now >= at

    async def _crashes_in_a_row(self) -> None:
        """Each time as soon as the child is of use again: one turn, then the next."""
        for number in range(self.options.crash_count):
            if self._process.given_up:
                return
            phase: Phase = ("during", "after", "before")[number % 3]
            text = QUESTIONS[number % len(QUESTIONS)]
            await self._turn(PlannedTurn(self._audio.now, "spoken", text, Fault("crash", phase)))
            self.outcomes.crashes_in_a_row += 1

    # -- a turn --------------------------------------------------------------------------------

    async def _turn(self, turn: PlannedTurn) -> None:
        await self._until(self._is_quiet, POLITE)
        self.outcomes.changes_asked += turn.kind in ("change", "key")
        outcome = await self._say(turn, turn.fault)
        self._note(turn, outcome)
        for _ in range(REPEATS):
            if outcome == "answered":
                break
            self.outcomes.repeats += 1
            outcome = await self._say(turn, None)
            self._note(turn, outcome)
        self._faults.turn_over()

    def _note(self, turn: PlannedTurn, outcome: Outcome) -> None:
        self.outcomes.turns[outcome] += 1
        if outcome == "lost":
            fault = f", {turn.fault.kind} {turn.fault.phase}" if turn.fault else ""
            lost = f"{self._audio.now:.0f} s: {turn.kind} “{turn.text}”{fault}"
            self.outcomes.lost.append(lost)
            print_line(f"lost: {lost}")

    async def _say(self, turn: PlannedTurn, fault: Fault | None) -> Outcome:
        ledger = self.outcomes.ledger
        ledger.begin()
        phase = fault.phase if fault else None
        if fault and (phase == "before" or turn.kind in ("typed", "key")):
            self._faults.strike(fault.kind)
            fault = None
        match turn.kind:
            case "typed":
                await self._session.send_text(turn.text)
            case "key":
                await self._session.change_persona(turn.text)
            case _:
                assert self._voice is not None
                self._words = self._voice.say(turn.text)
        if fault and phase == "during":
            await self._until(lambda: not self._words.size, INTO_WORDS)
            self._faults.strike(fault.kind)
            fault = None
        await self._until(lambda: not self._words.size, 60.0)
        await self._until(lambda: ledger.sounding or ledger.answered, ANSWER_WITHIN)
        if fault:
            await self._until(lambda: False, INTO_ANSWER)
            self._faults.strike(fault.kind)
        await self._until(lambda: self._is_quiet() and ledger.answered, 1.0)
        await self._until(self._is_quiet, HEARD_OUT)
        return ledger.outcome()

    def _is_quiet(self) -> bool:
        return self._session.state == "idle" and self._session.is_silent

    @property
    def _hears_words(self) -> bool:
        """It writes down what is said; the loopback only that something was."""
        return self._process.name != "echo"

    # -- time ----------------------------------------------------------------------------------

    async def _until(self, happened: Callable[[], bool], limit: float) -> None:
        end = self._audio.now + limit
        while not happened() and self._audio.now < end and not self._process.given_up:
            await self._step()

    async def _step(self) -> None:
        said, self._words = self._words[:STEP_SAMPLES], self._words[STEP_SAMPLES:]
        if said.size < STEP_SAMPLES:
            said = np.concatenate((said, _SILENCE[said.size :]))
        self._steps += 1
        for number, frame in self._audio.step(said):
            self._frames += 1
            self._next_frame = number + 1
            await self._session.feed(number, frame)
            while await self._process.caught_up():
                await self._session.settled()
        await asyncio.sleep(0)  # what the speaker has told is heard before the next step
        if self._audio.now >= self._sample_at:
            self._sample_at += self.options.sample_every
            process = self._process
            pid = process.pid if process.ready.is_set() else None
            self.outcomes.samples.append(take_sample(self._audio.now, process.restarts, pid))

    # -- books ---------------------------------------------------------------------------------

    def _count(self) -> None:
        out, process = self.outcomes, self._process
        books, drops = process.frames, self._audio.drops()
        out.seed, out.crashes_wanted = self.options.seed, self.options.crash_count
        out.backend, out.hours = process.name, self._audio.now / 3600
        out.faults = dict(self._faults.counts)
        out.restarts, out.given_up = process.restarts, process.given_up
        out.frames = {
            "offered": books.offered, "taken": books.taken, "dropped": process.dropped,
            "lost with a child": books.lost, "without a child": books.unheard,
            "microphone": drops["microphone"], "speaker": drops["speaker"],
        }  # fmt: skip
        made_up = self._faults.counts.get("bad frame", 0)
        accounted = books.taken + process.dropped + books.lost + books.unheard
        out.drift = {
            "playback position − time": self._audio.playback.position - self._steps * STEP_SAMPLES,
            "frame number − time": self._next_frame - self._steps // STEPS_A_FRAME,
            "frames offered − fed": books.offered - made_up - self._frames,
            "frames offered − accounted for": books.offered - accounted,
        }

    def _trace(self, warm: bool, *, last: bool = False) -> None:
        if not self.options.trace:
            return
        if warm:
            tracemalloc.start()
            self._traced = tracemalloc.take_snapshot()
        elif last and self._traced is not None:
            now = tracemalloc.take_snapshot()
            tracemalloc.stop()
            grown = now.compare_to(self._traced, "lineno")[:12]
            self.outcomes.grown = [str(line) for line in grown]
            self._traced = None

    # -- the parts that faults need --------------------------------------------------------------

    def _the_brain(self) -> FaultyBrain:
        assert self._brain is not None
        return self._brain

    def _kept(self, make: MakeBackend) -> MakeBackend:
        def make_backend(load: Load, on_event: Callable[[AnyEvent], None]) -> BackendProcess:
            self._process = make(load, on_event)
            return self._process

        return make_backend

    def _made_faulty(self, make: MakeBrain) -> MakeBrain:
        async def make_brain(notify: Callable[[Notice], None]) -> Brain:
            self._brain = FaultyBrain(await make(notify))
            return self._brain

        return make_brain
