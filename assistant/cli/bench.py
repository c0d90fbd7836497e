"""`assistant bench` on the command line."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import Backend, ConfigFile, Json, Level, gather
from assistant.commands.runner import run_with_config

if TYPE_CHECKING:
    from assistant.config.schema import Config

_PANEL = "Of moshi"
_CONVERSATION = "Of conversation"
_SOAK = "Of soak"


class Benchmark(StrEnum):
    """What can be measured."""

    startup = "startup"
    latency = "latency"
    ui = "ui"
    wire = "wire"
    moshi = "moshi"
    echo = "echo"
    conversation = "conversation"
    turns = "turns"
    voices = "voices"
    soak = "soak"


class Package(StrEnum):
    """Whose model is measured."""

    torch = "torch"
    mlx = "mlx"


class Size(StrEnum):
    """How large it is."""

    tiny = "tiny"
    large = "7b"


Framework = Annotated[
    Package | None,
    typer.Option(help="Default: mlx on Apple Silicon, else torch.", rich_help_panel=_PANEL),
]
Device = Annotated[
    str,
    typer.Option(metavar="NAME", help="auto, cpu, cuda, cuda:1, gpu.", rich_help_panel=_PANEL),
]
Dims = Annotated[
    Size,
    typer.Option(
        help="7b: Moshi's own; tiny: what the program itself costs.", rich_help_panel=_PANEL
    ),
]
Quantize = Annotated[
    str,
    typer.Option(metavar="LIST", help="none,int8,int4", rich_help_panel=_PANEL),
]
Context = Annotated[
    str,
    typer.Option("--context", metavar="LIST", help="Seconds: 60,240", rich_help_panel=_PANEL),
]
Frames = Annotated[
    int | None,
    typer.Option(
        min=2, max=3000, help="Of each kind; default: some seconds.", rich_help_panel=_PANEL
    ),
]
Graphs = Annotated[
    bool | None,
    typer.Option(
        "--graphs/--eager", help="CUDA graphs; default: with and without.", rich_help_panel=_PANEL
    ),
]
Yes = Annotated[
    bool,
    typer.Option("--yes", "-y", help="Allow 7b on a processor.", rich_help_panel=_PANEL),
]
Scenarios = Annotated[
    str,
    typer.Option(metavar="LIST", help="quiet,pauses,barge-in", rich_help_panel=_CONVERSATION),
]
Seed = Annotated[int, typer.Option(help="Of rooms, noise, faults.", rich_help_panel=_CONVERSATION)]
Repeat = Annotated[
    int,
    typer.Option(min=1, max=100, help="With the next seed each.", rich_help_panel=_CONVERSATION),
]
Noise = Annotated[
    float | None,
    typer.Option(
        metavar="DB", help="Under the user's voice, everywhere.", rich_help_panel=_CONVERSATION
    ),
]

Tuning = Annotated[
    bool,
    typer.Option(
        "--tuning", help="turns: Judge the sentences that rules are tuned on, not the others."
    ),
]
Recordings = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="turns: WAV files instead of rendered speech."),
]
Minutes = Annotated[
    float, typer.Option(min=0.5, help="echo: of the assistant talking into its own microphone.")
]
Hours = Annotated[
    float,
    typer.Option(min=0.01, help="Simulated; the faults' number with it.", rich_help_panel=_SOAK),
]
PerHour = Annotated[int, typer.Option("--turns-per-hour", min=10, max=400, rich_help_panel=_SOAK)]
Crashes = Annotated[
    int | None,
    typer.Option(min=0, help="In a row, at the end; default: 25 an hour.", rich_help_panel=_SOAK),
]
Trace = Annotated[
    bool, typer.Option("--trace", help="Say where memory grew; slow.", rich_help_panel=_SOAK)
]


def bench(
    context: typer.Context,
    name: Annotated[Benchmark, typer.Argument(help="What to measure.")],
    json_output: Json = False,
    turns: Annotated[int, typer.Option(min=1, max=500, help="latency: spoken turns.")] = 24,
    warm: Annotated[
        float, typer.Option(min=0, help="latency: seconds of rest before the first turn.")
    ] = 0.0,
    framework: Framework = None,
    device: Device = "auto",
    dims: Dims = Size.tiny,
    quantize: Quantize = "none",
    seconds: Context = "",
    frames: Frames = None,
    graphs: Graphs = None,
    yes: Yes = False,
    scenarios: Scenarios = "",
    seed: Seed = 1,
    repeat: Repeat = 1,
    noise: Noise = None,
    recordings: Recordings = None,
    tuning: Tuning = False,
    minutes: Minutes = 10.0,
    hours: Hours = 8.0,
    turns_per_hour: PerHour = 250,
    crashes: Crashes = None,
    trace: Trace = False,
    backend: Backend = None,
    config: ConfigFile = None,
    log_level: Level = None,
) -> None:
    """Measure this machine: start-up, latency, screen, the wire to the backend, Moshi, echo
    cancellation, ends of turns, loudness of the voices, whole conversations with scripted users,
    or hours of them.

    Example: assistant bench moshi --dims 7b --quantize none,int8,int4
    """

    def command(settings: Config) -> int:
        from assistant.bench.moshi.command import MoshiOptions
        from assistant.bench.simulator.options import ConversationOptions
        from assistant.bench.soak.options import SoakOptions
        from assistant.commands.bench import bench_command

        moshi = MoshiOptions(
            framework=framework.value if framework else None,
            device=device,
            dims=dims.value,
            quantize=quantize,
            context=seconds,
            frames=frames,
            graphs=graphs,
            yes=yes,
            python=settings.backend.python,
        )
        return bench_command(
            settings,
            name.value,
            json_output=json_output,
            turns=turns,
            warm=warm,
            moshi=moshi,
            conversation=ConversationOptions(scenarios, seed, repeat, noise),
            recordings=recordings,
            tuning=tuning,
            minutes=minutes,
            soak=SoakOptions(
                hours=hours, turns_per_hour=turns_per_hour, seed=seed, crashes=crashes, trace=trace
            ),
        )

    options = gather(context, config, log_level, backend=backend)
    raise typer.Exit(run_with_config(options, command))
