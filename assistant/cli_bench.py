"""Options of `assistant bench moshi`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

_PANEL = "Of moshi"


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
