"""`assistant setup`: its commands."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.cli.options import Json
from assistant.commands.runner import run

setup_app = typer.Typer(
    help="Set up the packages of Moshi in an environment of their own.",
    invoke_without_command=True,
)

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Interpreter = Annotated[
    str | None,
    typer.Option("--python", metavar="PROGRAM", help="Python to use, 3.11 to 3.13."),
]


@setup_app.callback()
def setup(context: typer.Context, json_output: Json = False) -> None:
    """Set up the packages of Moshi in an environment of their own, so that they disturb nothing.

    Without more words: what is set up. Example: assistant setup moshi-torch
    """
    if context.invoked_subcommand is None:

        def command() -> int:
            from assistant.commands.setup import list_command

            return list_command(json_output=json_output)

        raise typer.Exit(run(command))


@setup_app.command("moshi-mlx")
def setup_mlx(yes: Yes = False, python: Interpreter = None) -> None:
    """For Apple Silicon: mlx, moshi_mlx, rustymimi."""
    _set_up("moshi-mlx", yes, python)


@setup_app.command("moshi-torch")
def setup_torch(yes: Yes = False, python: Interpreter = None) -> None:
    """For NVIDIA cards: torch, moshi."""
    _set_up("moshi-torch", yes, python)


@setup_app.command("remove")
def setup_remove(
    name: Annotated[str, typer.Argument(help="moshi-mlx or moshi-torch.")], yes: Yes = False
) -> None:
    """Delete an environment."""

    def command() -> int:
        from assistant.commands.setup import remove_command

        return remove_command(name, yes=yes)

    raise typer.Exit(run(command))


def _set_up(name: str, yes: bool, python: str | None) -> None:
    def command() -> int:
        from assistant.commands.setup import setup_command

        return setup_command(name, yes=yes, python=python)

    raise typer.Exit(run(command))
