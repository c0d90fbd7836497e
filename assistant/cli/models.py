"""`assistant models` on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import ConfigFile, Json, Level, gather
from assistant.commands.runner import run, run_with_config

if TYPE_CHECKING:
    from assistant.config.schema import Config


models_app = typer.Typer(
    help="List, download, check and delete weights.", invoke_without_command=True
)
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
PullName = Annotated[
    str,
    typer.Argument(
        help="As in the list: moshiko-mlx-q8, personaplex, small.en; or owner/name of a repository."
    ),
]


@models_app.callback()
def models(context: typer.Context) -> None:
    """List, download, check and delete weights; without more words, list them."""
    if context.invoked_subcommand is None:
        models_list(context)


@models_app.command("list")
def models_list(
    context: typer.Context, json_output: Json = False, config: ConfigFile = None
) -> None:
    """Every model: its size, where it is, and what needs it."""

    def command(settings: Config) -> int:
        from assistant.commands.models.command import list_command

        return list_command(settings, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command))


@models_app.command("pull")
def models_pull(
    context: typer.Context, name: PullName, yes: Yes = False, log_level: Level = None
) -> None:
    """Download weights, after telling their size.

    Stopped with Ctrl-C, it goes on where it was. Example: assistant models pull moshiko-mlx-q8
    """
    pull(context, name, yes, log_level)


def pull(context: typer.Context, name: str, yes: bool, log_level: Level) -> None:
    """Of `assistant models pull` and of `assistant pull`."""

    def command() -> int:
        from assistant.commands.models.pull import pull_command

        return pull_command(name, yes=yes)

    raise typer.Exit(run(command, gather(context, None, log_level).log_level))


@models_app.command("verify")
def models_verify(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One model; else all that are here.")] = None,
    config: ConfigFile = None,
) -> None:
    """Hash the files and compare them with what was published."""

    def command(settings: Config) -> int:
        from assistant.commands.models.command import verify_command

        return verify_command(settings, name)

    raise typer.Exit(run_with_config(gather(context, config), command))


@models_app.command("remove")
def models_remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="As in the list.")],
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Delete a download."""

    def command(settings: Config) -> int:
        from assistant.commands.models.command import remove_command

        return remove_command(settings, name, yes=yes)

    raise typer.Exit(run_with_config(gather(context, config), command))


# `assistant setup`: its commands.

setup_app = typer.Typer(
    help="Set up the packages of Moshi in an environment of their own.",
    invoke_without_command=True,
)


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
