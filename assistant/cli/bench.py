"""`assistant bench` on the command line: what a user may want to know of this machine.

What only developers measure is in `benchmarks`, beside the package.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import Json, takes
from assistant.commands.runner import Options, run, run_with_config

if TYPE_CHECKING:
    from assistant.config.schema import Config

bench_app = typer.Typer(help="Measure this machine.", no_args_is_help=True)


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
    typer.Option(help="Default: mlx on Apple Silicon, else torch."),
]
Device = Annotated[
    str,
    typer.Option(metavar="NAME", help="auto, cpu, cuda, cuda:1, gpu."),
]
Dims = Annotated[
    Size,
    typer.Option(help="7b: Moshi's own; tiny: what the program itself costs."),
]
Quantize = Annotated[
    str,
    typer.Option(metavar="LIST", help="none,int8,int4"),
]
Context = Annotated[
    str,
    typer.Option("--context", metavar="LIST", help="Seconds: 60,240"),
]
Frames = Annotated[
    int | None,
    typer.Option(min=2, max=3000, help="Of each kind; default: some seconds."),
]
Graphs = Annotated[
    bool | None,
    typer.Option("--graphs/--eager", help="CUDA graphs; default: with and without."),
]
Yes = Annotated[
    bool,
    typer.Option("--yes", "-y", help="Allow 7b on a processor."),
]


@bench_app.command("startup")
def startup(json_output: Json = False) -> None:
    """Time until help, until something is on the screen, until somebody listens."""

    def command() -> int:
        from assistant.commands.bench import bench_startup

        return bench_startup(json_output=json_output)

    raise typer.Exit(run(command))


@bench_app.command("latency")
@takes("backend")
def latency(
    turns: Annotated[int, typer.Option(min=1, max=500, help="Spoken turns.")] = 24,
    warm: Annotated[
        float, typer.Option(min=0, help="Seconds of rest before the first turn.")
    ] = 0.0,
    brain: Annotated[
        bool,
        typer.Option("--brain", help="With a language model of our own; MODEL: another one."),
    ] = False,
    model: Annotated[
        str | None,
        typer.Argument(metavar="[MODEL]", help="Its name or file; default: the one set up."),
    ] = None,
    json_output: Json = False,
    *,
    options: Options,
) -> None:
    """End of the user's speech → first sample of the answer, and its stages.

    With --brain: also without what makes a small model quick, in turns, and how the two compare.
    """
    if model is not None and not brain:
        raise typer.BadParameter(f"{model}: a model goes with --brain")

    def command(settings: Config) -> int:
        from assistant.commands.bench import bench_latency

        return bench_latency(
            settings, turns=turns, warm=warm, brain=brain, model=model, json_output=json_output
        )

    raise typer.Exit(run_with_config(options, command))


@bench_app.command("ui")
@takes("backend")
def ui(
    load: Annotated[
        bool, typer.Option("--load", help="How soon a key is seen beside busy programs instead.")
    ] = False,
    busy: Annotated[
        int | None, typer.Option(min=0, help="So many busy processes; default: one a core.")
    ] = None,
    json_output: Json = False,
    *,
    options: Options,
) -> None:
    """Share of a core that the dashboard takes, at several rates of its waveforms.

    With --load: key → screen and SIGTERM → ended, while sound flows and every core is busy.
    """

    def command(settings: Config) -> int:
        from assistant.commands.bench import bench_ui
        from assistant.models.hardware import cores

        count = busy if busy is not None else cores()
        return bench_ui(settings, load=count if load else None, json_output=json_output)

    raise typer.Exit(run_with_config(options, command))


@bench_app.command("adapters")
@takes()
def adapters(
    name: Annotated[
        str | None,
        typer.Argument(help="One of yours; default: all, or a small server of ours."),
    ] = None,
    tool: Annotated[
        str | None, typer.Option(metavar="NAME", help="Called; default: one that only reads.")
    ] = None,
    arguments: Annotated[str, typer.Option(metavar="JSON", help="Of the tool.")] = "",
    calls: Annotated[int, typer.Option(min=2, max=10_000, help="Of each kind.")] = 200,
    json_output: Json = False,
    *,
    options: Options,
) -> None:
    """Tools of other programs: start, what we add to a call, tokens in a prompt.

    Each call is made by us and by the bare client of the protocol's library, in turns.
    """

    def command(settings: Config) -> int:
        from assistant.commands.bench import bench_adapters

        return bench_adapters(
            settings,
            name=name,
            tool=tool,
            arguments=arguments,
            calls=calls,
            json_output=json_output,
        )

    raise typer.Exit(run_with_config(options, command))


@bench_app.command("moshi")
@takes()
def moshi(
    framework: Framework = None,
    device: Device = "auto",
    dims: Dims = Size.tiny,
    quantize: Quantize = "none",
    seconds: Context = "",
    frames: Frames = None,
    graphs: Graphs = None,
    yes: Yes = False,
    json_output: Json = False,
    *,
    options: Options,
) -> None:
    """Speed of Moshi here, with random weights of any size.

    Example: assistant bench moshi --dims 7b --quantize none,int8,int4
    """

    def command(settings: Config) -> int:
        from assistant.bench.moshi.command import MoshiOptions, moshi_command

        wanted = MoshiOptions(
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
        return moshi_command(wanted, json_output=json_output)

    raise typer.Exit(run_with_config(options, command))
