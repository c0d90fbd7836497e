"""Moshi's speed with random weights of the real size, measured in a process of its own.

Each configuration gets a fresh process, so that no memory or graph of the last one is left in it;
this one only reads reports and prints. See `assistant.bench.moshi.measure` for what is
measured and how.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, get_args

import msgspec

from assistant.backends.base import BackendError
from assistant.backends.moshi.contract import Quantization
from assistant.bench.moshi.plan import (
    BenchPlan,
    Dims,
    Doing,
    Facts,
    Framework,
    Measured,
    NotMeasured,
    decode_report,
    encode,
)
from assistant.bench.report import Measurement, machine, row_data
from assistant.locations import scratch_dir
from assistant.logs import log_file
from assistant.models.environments import code_path, python_of
from assistant.private_files import make_folder, open_append, scratch_folder

_PATIENCE = 3.0
"""Seconds until a child that was told to end is killed."""


@dataclass(frozen=True, slots=True)
class MoshiOptions:
    """What the command line asks for."""

    framework: Framework | None = None
    """None: MLX on Apple Silicon, PyTorch elsewhere."""
    device: str = "auto"
    dims: Dims = "tiny"
    quantize: str = "none"
    """With commas: `none,int8,int4`."""
    context: str = ""
    """Seconds, with commas; empty: as the dimensions say."""
    frames: int | None = None
    graphs: bool | None = None
    """None: with and without CUDA graphs, where there are any."""
    yes: bool = False
    python: str | None = None
    """Another interpreter, from the config's `backend.python`; None: that of the environment made
    by `assistant setup`, or our own."""


@dataclass(slots=True)
class Run:
    """One configuration and what came of it."""

    plan: BenchPlan
    facts: dict[str, str] = field(default_factory=dict)
    rows: list[Measurement] = field(default_factory=list)
    refused: NotMeasured | None = None


def moshi_command(options: MoshiOptions, *, json_output: bool) -> int:
    """Measure and print; returns the exit code. Raises `BackendError` where the first
    configuration cannot be measured: the others would fail alike."""
    runs = measure(options)
    if json_output:
        print(json.dumps({"bench": "moshi", "machine": machine(), "runs": _data(runs)}, indent=2))
    else:
        print_runs(runs)
    return 0


def plans(options: MoshiOptions) -> list[BenchPlan]:
    """One for each quantisation and context. Raises `BackendError` for a word nobody knows."""
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    framework = options.framework or ("mlx" if apple else "torch")
    return [
        BenchPlan(
            framework=framework,
            device=options.device,
            dims=options.dims,
            quantize=quantize,
            context=context,
            frames=options.frames,
            graphs=options.graphs is not False,
            large_on_cpu=options.yes,
        )
        for context in _contexts(options.context)
        for quantize in _quantizations(options.quantize)
    ]


def measure(options: MoshiOptions) -> list[Run]:
    runs: list[Run] = []
    with _progress() as show:
        for plan in plans(options):
            run = _run(plan, options.python, show)
            if run.refused is not None and not runs:
                raise BackendError(run.refused.message, run.refused.remedy)
            runs.append(run)
            if options.graphs is None and "graphs" in run.facts:
                eager = msgspec.structs.replace(plan, graphs=False)
                runs.append(_run(eager, options.python, show))
    return runs


def _quantizations(words: str) -> list[Quantization]:
    known = get_args(Quantization)
    asked = [word.strip() for word in words.split(",") if word.strip()] or ["none"]
    for word in asked:
        if word not in known:
            raise BackendError(f"unknown quantisation '{word}'", f"one of {', '.join(known)}")
    return asked  # type: ignore[return-value]


def _contexts(words: str) -> list[float | None]:
    asked = [word.strip() for word in words.split(",") if word.strip()]
    try:
        seconds = [float(word) for word in asked]
    except ValueError:
        raise BackendError(
            f"'{words}' is no length of context", "seconds, with commas: --context 60,240"
        ) from None
    if any(not 12 <= each <= 3600 for each in seconds):
        raise BackendError(
            f"a context of {words} s cannot be measured",
            "between 12 s, so that the prompt fits into it, and 3600 s",
        )
    return list(seconds) or [None]


# -- the measuring process -----------------------------------------------------------------------


def _run(plan: BenchPlan, python: str | None, show: Callable[[str], None]) -> Run:
    run = Run(plan)
    label = f"{plan.framework} {plan.quantize}{'' if plan.graphs else ' eager'}"
    python = python or python_of(f"moshi-{plan.framework}")
    # Mimi's 160 MB lie here: a process that is killed does not clean up.
    with (
        scratch_folder(scratch_dir()) as folder,
        _child(plan, python, str(folder)) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            match decode_report(line):
                case Doing(text=text):
                    show(f"{label}: {text}")
                case Facts(values=values):
                    run.facts = values
                case Measured(name=name, unit=unit, values=samples, note=note):
                    run.rows.append(Measurement(name, unit, samples, note))
                case NotMeasured() as refused:
                    run.refused = refused
                case _:
                    pass
        code = process.wait()
    if code != 0 and run.refused is None:
        ended = f"killed by signal {-code}" if code < 0 else f"ended with code {code}"
        run.refused = NotMeasured(
            f"the measuring process was {ended}" if code < 0 else f"the measuring process {ended}",
            "out of memory, most likely: try --quantize int4 or a shorter --context"
            if code == -9
            else f"details are in {log_file()}",
        )
    return run


@contextlib.contextmanager
def _child(plan: BenchPlan, python: str | None, folder: str) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "TMPDIR": folder, "HF_HUB_DISABLE_TELEMETRY": "1"}
    if python is not None:
        # Another interpreter does not know where we are installed.
        ours, theirs = str(code_path()), environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = f"{ours}{os.pathsep}{theirs}" if theirs else ours
    command = [python or sys.executable, "-m", "assistant.bench.moshi.run", encode(plan)]
    with _errors() as errors:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                text=True,
                start_new_session=True,  # Ctrl-C is ours to pass on
            )
        except OSError as error:
            raise BackendError(
                f"the backend's Python cannot be started: {error}",
                "look at `backend.python` in the config",
            ) from error
    with process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()  # which ends it
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def _errors() -> Iterator[IO[bytes] | int]:
    """The log file, where what libraries print belongs."""
    try:
        make_folder(log_file().parent)
        with os.fdopen(open_append(log_file()), "ab") as file:
            yield file
    except OSError:
        yield subprocess.DEVNULL


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """On stderr: one line that changes on a terminal, one line each elsewhere."""
    from rich.text import Text

    from assistant.commands.tables import console

    out = console(stderr=True)
    if not out.is_terminal:
        yield lambda text: print(text, file=sys.stderr, flush=True)
        return
    with out.status("") as status:
        yield lambda text: status.update(Text(text))


# -- printing --------------------------------------------------------------------------------------


def print_runs(runs: Sequence[Run]) -> None:
    """What all runs share above, then a column for each."""
    from rich.table import Table

    from assistant.commands.tables import console

    out = console()
    measured = [run for run in runs if run.rows]
    shared = {
        name: value
        for name, value in measured[0].facts.items()
        if all(run.facts.get(name) == value for run in measured)
    }
    out.print(f"moshi · {machine()}", highlight=False)
    out.print(" · ".join(f"{name} {value}" for name, value in shared.items()), highlight=False)
    table = Table(caption="p50 / p99; ratios: p50 (p5–p95)", caption_justify="left")
    table.add_column("what")
    for run in measured:
        own = [value for name, value in run.facts.items() if name not in shared]
        table.add_column("\n".join(own) or run.plan.quantize, justify="right", no_wrap=True)
    table.add_column("")
    for index, row in enumerate(measured[0].rows):
        cells = [_cell(run.rows[index]) if index < len(run.rows) else "–" for run in measured]
        table.add_row(row.name, *cells, row.note)
    out.print(table)
    for run in runs:
        if run.refused is not None:
            out.print(f"{run.plan.quantize}: {run.refused.message} – {run.refused.remedy}")


def _cell(row: Measurement) -> str:
    if not row.values:
        return "–"
    middle = _number(row.percentile(50))
    if len(row.values) == 1:
        return f"{middle} {row.unit}"
    if row.unit == "×" and "/" in row.name:
        low, high = _number(row.percentile(5)), _number(row.percentile(95))
        return f"{middle} ({low}–{high}) ×"
    return f"{middle} / {_number(row.percentile(99))} {row.unit}"


def _number(value: float) -> str:
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:.{digits}f}"


def _data(runs: Sequence[Run]) -> list[dict[str, object]]:
    return [
        {
            "plan": msgspec.to_builtins(run.plan),
            "facts": run.facts,
            "rows": [row_data(row) for row in run.rows],
            "refused": msgspec.to_builtins(run.refused),
        }
        for run in runs
    ]
