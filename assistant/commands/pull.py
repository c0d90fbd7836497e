"""`assistant pull NAME`: download speech recognition weights, after telling their size."""

from __future__ import annotations

import sys

from assistant.backends.cascade.weights import pull, size_of
from assistant.commands.runner import agreed


def pull_command(name: str, *, yes: bool = False) -> int:
    """Raises `BackendError` where the weights cannot be had."""
    size = size_of(name)
    if size == 0:
        print(f"{name} is here already: {pull(name, _ignore).folder}", file=sys.stderr)
        return 0
    amount = "of unknown size" if size is None else f"of {size / 1e6:,.0f} MB"
    question = f"Download {name}, {amount.removeprefix('of ')}?"
    alone = f"{name} is a download {amount}, and nobody is there to agree"
    if not yes and (code := agreed(question, alone)):
        return code
    print(_download(name))
    print(f"use it: assistant config set backend.cascade.whisper {name}", file=sys.stderr)
    return 0


def _download(name: str) -> str:
    """Returns the folder. The bar is drawn on stderr, and only on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(name, total=None)

        def progress(text: str, fraction: float | None) -> None:
            bar.update(
                task,
                description=text,
                total=None if fraction is None else 1.0,
                completed=fraction or 0.0,
            )

        return str(pull(name, progress).folder)


def _ignore(text: str, fraction: float | None) -> None:
    """Nothing is downloaded, so there is no progress to tell."""
