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
