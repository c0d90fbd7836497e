"""`assistant adapters` on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import ConfigFile, Json, gather
from assistant.commands.runner import run_with_config

if TYPE_CHECKING:
    from assistant.config.schema import Config

adapters_app = typer.Typer(
    help="Tools of other programs (MCP), and agents (ACP): list, add, check, try.",
    invoke_without_command=True,
)
Name = Annotated[str, typer.Argument(help="Of the adapter.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


@adapters_app.callback()
def adapters(context: typer.Context) -> None:
    """Tools of other programs; without more words, list them."""
    if context.invoked_subcommand is None:
        adapters_list(context)


@adapters_app.command("list")
def adapters_list(
    context: typer.Context, json_output: Json = False, config: ConfigFile = None
) -> None:
    """What is in the settings, and what could be added."""

    def command(settings: Config) -> int:
        from assistant.commands.adapters import list_command

        return list_command(settings, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command))


@adapters_app.command("check")
def adapters_check(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One of them; else all.")] = None,
    config: ConfigFile = None,
) -> None:
    """Start them and tell which tools they have."""

    def command(settings: Config) -> int:
        from assistant.commands.adapters import check_command

        return check_command(settings, name)

    raise typer.Exit(run_with_config(gather(context, config), command))


@adapters_app.command("try")
def adapters_try(
    context: typer.Context,
    name: Name,
    tool: Annotated[str, typer.Argument(help="As `check` lists it.")],
    arguments: Annotated[str, typer.Argument(help='JSON: \'{"query": "parrots"}\'')] = "{}",
    config: ConfigFile = None,
) -> None:
    """Run one tool once."""

    def command(settings: Config) -> int:
        from assistant.commands.adapters import try_command

        return try_command(settings, name, tool, arguments)

    raise typer.Exit(run_with_config(gather(context, config), command))


@adapters_app.command("add", context_settings={"ignore_unknown_options": True})
def adapters_add(
    context: typer.Context,
    name: Name,
    command_line: Annotated[
        list[str] | None, typer.Argument(metavar="[COMMAND …]", help="Or the address of a server.")
    ] = None,
    agent_folder: Annotated[
        Path | None,
        typer.Option("--agent-folder", help="It is an agent, for the project in this folder."),
    ] = None,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Add one that is known by name, or the command that starts your own."""

    def command(settings: Config) -> int:
        from assistant.commands.adapters import add_command

        return add_command(
            settings, name, command_line or [], yes=yes, file=config, agent_folder=agent_folder
        )

    raise typer.Exit(run_with_config(gather(context, config), command))


@adapters_app.command("remove")
def adapters_remove(context: typer.Context, name: Name, config: ConfigFile = None) -> None:
    """Take one out of the settings."""

    def command(settings: Config) -> int:
        from assistant.commands.adapters import remove_command

        return remove_command(settings, name, file=config)

    raise typer.Exit(run_with_config(gather(context, config), command))


@adapters_app.command("import")
def adapters_import(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="Settings of Claude, Cursor, VS Code or Zed.")],
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Take over the servers of another program's settings; secrets stay where they are."""

    def command(settings: Config) -> int:
        from assistant.commands.adapters import import_command

        return import_command(settings, source, yes=yes, file=config)

    raise typer.Exit(run_with_config(gather(context, config), command))
