"""The measuring of `assistant bench moshi`, the same for both frameworks.

Ours and upstream's own loop run in turns, frame by frame, so that whatever else the machine does
falls on both; a ratio belongs to ten frames of each, and its spread is that between tens.
"""

from __future__ import annotations

import contextlib
import gc
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.moshi.contract import Codec, Codes, LanguageModel, Snapshot
from assistant.backends.moshi.prompts.prompting import PromptPlan, persona_prompt
from assistant.bench.moshi.plan import BenchPlan, Doing, Facts, Measured, MeasuringReport
from assistant.bench.moshi.swap import swap_times
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS

PROMPT = (50, 60)
"""Voice frames and text tokens of the prompt: four seconds, some forty words."""
QUICK_PROMPT = (5, 6)
"""For a quick look, with only a few frames."""
FEW_FRAMES = 200
"""Who asks for fewer is in a hurry: what takes longest is measured twice and not five times."""
_BLOCK = 10
_LONG_ENOUGH = 12.0
"""Seconds for each kind of frame, where the plan does not say how many."""
_TOO_LONG = 300.0
"""Seconds of one stepped prompt that nobody waits for."""
Say = Callable[[MeasuringReport], None]


class Upstream(Protocol):
    """The packages' own generation loop over the same weights, and nothing of ours in it."""

    def reset(self) -> None: ...

    def frame(self, pcm: Float32) -> None:
        """Encode, step, decode, as upstream's own server does."""

    def on_device(self, codes: Codes) -> Any:
        """What `step` takes, as upstream's encoder would leave it."""

    def step(self, codes: Any) -> None:
        """One position, until its text token is known to the host."""

    def prompt(self, plan: PromptPlan) -> None:
        """As the reference implementation does it: frame by frame, each token forced after the
        model has chosen its own, the depformer run on every frame."""


class Rig(Protocol):
    """A framework with a model of random weights."""

    def facts(self) -> dict[str, str]: ...

    def make(self) -> None:
        """Weights, on the device, quantised."""

    def engine(self) -> LanguageModel: ...

    def codec(self) -> Codec: ...

    def upstream(self) -> Upstream:
        """Shares weights with `engine`, has a state of its own."""

    def synchronise(self) -> None:
        """Wait until the device has done what it was told."""

    def memory(self) -> dict[str, float]:
        """MiB that the device holds now and held at most; empty where that is the process's."""


def measure(plan: BenchPlan, rig: Rig, say: Say) -> None:
    """Measure everything and say each quantity as soon as it is known."""
    bench = _Bench(plan, rig, say)
    bench.load()
    bench.whole_frames()
    bench.steps()
    bench.parts()
    bench.prompt()
    bench.swap()


class _Bench:
    def __init__(self, plan: BenchPlan, rig: Rig, say: Say) -> None:
        self._plan, self._rig, self._say = plan, rig, say
        self._random = np.random.default_rng(0)
        self._quick = plan.frames is not None and plan.frames < _BLOCK
        self._step_ms = 0.0

    # -- what is measured ------------------------------------------------------------------

    def load(self) -> None:
        self._doing("making random weights")
        made = self._timed(self._rig.make)
        self._row("weights made and quantised", "s", [made / 1000], "random, on the device")
        self._doing("starting the engine")
        began = time.perf_counter()
        self._model, self._codec = self._rig.engine(), self._rig.codec()
        self._rig.synchronise()
        self._row("engine and codec started", "s", [time.perf_counter() - began])
        self._doing("warming up")
        self._row("warm-up", "s", [self._timed(self._warm_up) / 1000], "graphs, kernels, caches")
        self._say(Facts(self._rig.facts()))
        for name, mib in {**self._rig.memory(), **_process_memory()}.items():
            self._row(name, "MiB", [mib], "ours alone")
        self._upstream = self._rig.upstream()
        for _ in range(3):  # upstream's own first steps compile and capture too
            self._upstream.frame(self._sound())
            self._upstream.step(self._upstream.on_device(self._user()))
        self._upstream.reset()

    def whole_frames(self) -> None:
        """Encode, step, decode; the four times of a frame are those of one run."""
        self._start_anew()
        trial = [self._timed(lambda: self._frame(self._sound())) for _ in range(3)]
        count = self._count(min(trial))
        self._doing(f"{count} whole frames, in turns with upstream's loop")
        parts: list[tuple[float, float, float]] = []

        def ours() -> float:
            parts.append(self._frame(self._sound()))
            return sum(parts[-1])

        def theirs() -> float:
            sound = self._sound()
            return self._timed(lambda: self._upstream.frame(sound))

        mine, upstream = self._in_turns(count, ours, theirs)
        for index, name in enumerate(("encode", "LM step", "decode")):
            self._row(name, "ms", [part[index] for part in parts])
        whole = [value for block in mine for value in block]
        self._row("whole frame", "ms", whole, "80 ms of sound")
        self._row(
            "real-time factor", "×", [v / 1000 / FRAME_SECONDS for v in whole], "below 1 keeps up"
        )
        self._row("whole frame, upstream", "ms", [v for block in upstream for v in block])
        self._ratio("whole frame, ours / upstream", mine, upstream)

    def steps(self) -> None:
        """The language model alone, where our own overhead shows most."""
        self._start_anew()
        self._step_ms = min(self._timed(lambda: self._model.step(self._user())) for _ in range(3))
        count = self._count(self._step_ms)
        self._doing(f"{count} steps of the language model, in turns with upstream's")

        def ours() -> float:
            user = self._user()
            return self._timed(lambda: self._model.step(user))

        def theirs() -> float:
            codes = self._upstream.on_device(self._user())
            return self._timed(lambda: self._upstream.step(codes))

        mine, upstream = self._in_turns(count, ours, theirs)
        self._row("LM step alone", "ms", [v for block in mine for v in block])
        self._row("LM step, upstream", "ms", [v for block in upstream for v in block])
        self._ratio("LM step, ours / upstream", mine, upstream)
        beyond = [float(np.median(a) - np.median(b)) for a, b in zip(mine, upstream, strict=True)]
        self._row("LM step, ours − upstream", "ms", beyond)

    def parts(self) -> None:
        """A step whose audio is known runs no depformer: the difference is the depformer's."""
        self._start_anew()
        known = self._random.integers(0, 2048, self._model.shape.agent_codebooks)
        count = self._count(2 * self._step_ms)
        self._doing(f"{count} steps with and without depformer")
        forced, free = [], []
        for _ in range(count):
            user = self._user()
            free.append(self._timed(partial(self._model.step, user)))
            forced.append(self._timed(partial(self._model.step, user, audio=known)))
        self._row("temporal transformer", "ms", forced, "a step whose audio is known")
        differences = [max(a - b, 0.0) for a, b in zip(free, forced, strict=True)]
        self._row("depformer", "ms", differences, "step − temporal transformer")

    def prompt(self) -> None:
        """Four ways into a persona."""
        plan = self._prompt_plan()
        seconds = self._step_ms * len(plan) / 1000
        short = self._plan.frames is not None and self._plan.frames < FEW_FRAMES
        repeats = 1 if seconds > 30 or self._quick else 2 if short else 5
        self._doing(f"a prompt of {len(plan)} frames, {repeats} × four ways")
        stepped, skipping, passes, takes, puts = [], [], [], [], []
        snapshot = self._one_pass(plan)
        for _ in range(repeats):
            if seconds < _TOO_LONG:
                self._upstream.reset()
                stepped.append(self._timed(partial(self._upstream.prompt, plan)))
                self._model.reset()
                skipping.append(self._timed(partial(self._force, plan)))
            passes.append(self._timed(partial(self._one_pass, plan)))
            for _ in range(4):
                puts.append(self._timed(partial(self._model.put_back, snapshot)))
                self._model.step(self._user())  # another state, so that there is work to do
            takes.append(self._timed(self._model.snapshot))
        note = "" if stepped else f"left out: {seconds:.0f} s each"
        self._row("prompt, stepped", "ms", stepped, note or "depformer on every frame (upstream)")
        self._row("prompt, forced", "ms", skipping, note or "depformer left out")
        self._row("prompt, one pass", "ms", passes, f"{len(plan)} frames")
        self._row("prompt, put back", "ms", puts, "aim on a GPU: ≤ 20 ms")
        self._row("snapshot taken", "ms", takes)
        self._row("snapshot holds", "MiB", [snapshot.nbytes / 2**20])
        gains = [a / b for a, b in zip(stepped, passes, strict=False)]
        self._row("prompt, stepped / one pass", "×", gains, note or "aim: ≥ 10")

    def swap(self) -> None:
        """A new window of the conversation: its prompt, notes and last seconds."""
        self._start_anew()
        self._doing("going over to a new prompt amid a conversation")
        times = swap_times(
            self._model,
            lambda: sum(self._frame(self._sound())),
            self._timed,
            self._random,
            quick=self._quick,
        )
        many = len(times.beside)
        self._row("swap: 32 positions of the prompt", "ms", times.prompt, "beside a frame")
        self._row("swap: 32 positions of the tail", "ms", times.tail, "beside a frame")
        self._row("swap: going over", "ms", times.over, f"{times.positions} positions put back")
        self._row("swap: a frame and what runs beside", "ms", times.beside, "aim: ≤ 80")
        late = f"of {many}; {times.late_alone} of {many} with nothing beside"
        self._row("swap: frames late", "", [float(times.late)], late)
        for name, mib in self._rig.memory().items():
            if "peak" in name:
                self._row(f"{name}, with a swap", "MiB", [mib], "ours and upstream's")

    # -- how -------------------------------------------------------------------------------

    def _warm_up(self) -> None:
        self._model.warm_up()
        for _ in range(5):
            self._frame(self._sound())
        self._model.put_back(self._one_pass(self._prompt_plan()))
        self._start_anew()

    def _frame(self, pcm: Float32) -> tuple[float, float, float]:
        """Milliseconds of encode, step and decode. Each leaves its result with the host, so that
        there is nothing more to wait for."""
        began = time.perf_counter()
        codes = self._codec.encode(pcm)[: self._model.shape.user_codebooks]
        encoded = time.perf_counter()
        audio = self._model.step(codes).audio
        stepped = time.perf_counter()
        if audio is not None:
            self._codec.decode(audio)
        decoded = time.perf_counter()
        return 1e3 * (encoded - began), 1e3 * (stepped - encoded), 1e3 * (decoded - stepped)

    def _force(self, plan: PromptPlan) -> None:
        delays = self._model.shape.delays[1 : 1 + self._model.shape.agent_codebooks]
        for position in range(len(plan) - 1):
            following = position + 1
            self._model.step(
                plan.frames[position].user,
                partial(_forced_text, plan, following),
                plan.agent_column(following, delays),
            )

    def _one_pass(self, plan: PromptPlan) -> Snapshot:
        prefill = self._model.prefill(plan)
        while not prefill.done:
            prefill.advance()
        return prefill.snapshot()

    def _in_turns(
        self, count: int, ours: Callable[[], float], theirs: Callable[[], float]
    ) -> tuple[list[list[float]], list[list[float]]]:
        """`count` of each, frame by frame: ours, theirs, theirs, ours, …; put into blocks."""
        size = max(1, min(_BLOCK, count // 2))
        blocks: tuple[list[list[float]], list[list[float]]] = ([], [])
        gc.collect()
        for number in range(size * max(1, count // size)):
            if number % size == 0:
                blocks[0].append([])
                blocks[1].append([])
            for which in (0, 1) if number % 2 == 0 else (1, 0):
                blocks[which][-1].append((ours, theirs)[which]())
        return blocks

    def _ratio(self, name: str, ours: list[list[float]], theirs: list[list[float]]) -> None:
        pairs = zip(ours, theirs, strict=True)
        ratios = [float(np.median(a) / np.median(b)) for a, b in pairs]
        self._row(name, "×", ratios, f"aim: ≤ 1.02; of {len(ours[0])} frames each")

    def _timed(self, work: Callable[[], object]) -> float:
        """Milliseconds, until the device is done too."""
        self._rig.synchronise()
        began = time.perf_counter()
        work()
        self._rig.synchronise()
        return 1e3 * (time.perf_counter() - began)

    def _count(self, milliseconds: float) -> int:
        if self._plan.frames is not None:
            return self._plan.frames
        return int(np.clip(_LONG_ENOUGH * 1000 / max(milliseconds, 0.1), 4, 500))

    def _start_anew(self) -> None:
        self._model.reset()
        self._codec.reset_encoder()
        self._codec.reset_decoder()
        with contextlib.suppress(AttributeError):  # not there yet while ours warms up
            self._upstream.reset()

    def _sound(self) -> Float32:
        return 0.1 * self._random.standard_normal(FRAME_SAMPLES, np.float32)

    def _user(self) -> Codes:
        return self._random.integers(0, 2048, self._model.shape.user_codebooks)

    def _prompt_plan(self) -> PromptPlan:
        frames, tokens = QUICK_PROMPT if self._quick else PROMPT
        voice = self._random.integers(0, 2048, (frames, 8))
        words = self._random.integers(4, self._model.shape.text_card, tokens)
        return persona_prompt(list(voice), [int(word) for word in words])

    def _doing(self, text: str) -> None:
        self._say(Doing(text))

    def _row(self, name: str, unit: str, values: list[float], note: str = "") -> None:
        self._say(Measured(name, unit, tuple(values), note))


def _forced_text(plan: PromptPlan, position: int, chosen: int) -> int:
    text = plan.text(position)
    return chosen if text is None else text


def _process_memory() -> dict[str, float]:
    unit = 2**20 if sys.platform == "darwin" else 2**10
    memory = {"process memory, peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit}
    with contextlib.suppress(OSError):  # only Linux tells what it is now
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        memory["process memory"] = pages * resource.getpagesize() / 2**20
    return memory
