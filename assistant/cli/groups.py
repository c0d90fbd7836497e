"""Commands with commands of their own: `personas`, `transcripts`, `events`, `config`; `trace`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.options import ConfigFile, Json, gather
from assistant.commands.runner import run

personas_app = typer.Typer(help="List, check and make personas.", invoke_without_command=True)
transcripts_app = typer.Typer(
    help="List, read and delete past conversations.", invoke_without_command=True
)
events_app = typer.Typer(help="What sessions tell other programs.", no_args_is_help=True)
config_app = typer.Typer(help="Look at and change the settings.", no_args_is_help=True)


# -- personas ------------------------------------------------------------------------------------


@personas_app.callback()
def personas(context: typer.Context) -> None:
    """List, check and make personas; without more words, list them."""
    if context.invoked_subcommand is None:
        personas_list()


@personas_app.command("list")
def personas_list(json_output: Json = False) -> None:
    """Everybody you can talk to."""

    def command() -> int:
        from assistant.commands.personas import list_personas

        return list_personas(json_output)

    raise typer.Exit(run(command))


@personas_app.command("check")
def personas_check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or folders; else all there are.")
    ] = None,
) -> None:
    """Find mistakes in persona files."""

    def command() -> int:
        from assistant.commands.personas import check_personas

        return check_personas(paths or ())

    raise typer.Exit(run(command))


@personas_app.command("new")
def personas_new(
    name: Annotated[str, typer.Argument(help="What it is called.")],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Make a persona file of your own to start from. Example: assistant personas new "Ada" """

    def command() -> int:
        from assistant.commands.personas import new_persona

        return new_persona(name, force)

    raise typer.Exit(run(command))


# -- transcripts ---------------------------------------------------------------------------------


@transcripts_app.callback()
def transcripts(context: typer.Context) -> None:
    """List, read and delete past conversations; without more words, list them."""
    if context.invoked_subcommand is None:
        transcripts_list()


@transcripts_app.command("list")
def transcripts_list(json_output: Json = False) -> None:
    """Past conversations, newest first."""

    def command() -> int:
        from assistant.commands.transcripts import list_command

        return list_command(json_output=json_output)

    raise typer.Exit(run(command))


@transcripts_app.command("show")
def transcripts_show(
    id: Annotated[str, typer.Argument(help='Its id or the beginning of it, or "last".')] = "last",
) -> None:
    """Read a conversation."""

    def command() -> int:
        from assistant.commands.transcripts import show_command

        return show_command(id)

    raise typer.Exit(run(command))


@transcripts_app.command("path")
def transcripts_path(
    id: Annotated[str | None, typer.Argument(help="Of one conversation; else the folder.")] = None,
) -> None:
    """Where conversations are kept."""

    def command() -> int:
        from assistant.commands.transcripts import path_command

        return path_command(id)

    raise typer.Exit(run(command))


@transcripts_app.command("delete")
def transcripts_delete(
    id: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> None:
    """Delete a conversation for good."""

    def command() -> int:
        from assistant.commands.transcripts import delete_command

        return delete_command(id, yes=yes)

    raise typer.Exit(run(command))


# -- events --------------------------------------------------------------------------------------


@events_app.command("schema")
def events_schema() -> None:
    """Every event and every command of front ends, as a JSON schema."""

    def command() -> int:
        from assistant.commands.event_log import schema_command

        return schema_command()

    raise typer.Exit(run(command))


def trace(
    events: Annotated[
        Path | None,
        typer.Option("--events", "-e", metavar="JSONL", help="A file of assistant talk --events."),
    ] = None,
    turn: Annotated[
        int | None, typer.Option("--turn", metavar="NUMBER", help="In that file; else the last.")
    ] = None,
    json_output: Json = False,
) -> None:
    """Show where the time of the last turn went, stage by stage.

    Example: assistant trace --events events.jsonl --turn 4
    """
    if turn is not None and events is None:
        raise typer.BadParameter("only the last turn is kept; add --events", param_hint="--turn")

    def command() -> int:
        from assistant.commands.trace import trace_command

        return trace_command(events, turn, json_output=json_output)

    raise typer.Exit(run(command))


# -- config --------------------------------------------------------------------------------------


@config_app.command("show")
def config_show(
    context: typer.Context,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only what differs from the default.")
    ] = False,
    json_output: Json = False,
    config: ConfigFile = None,
) -> None:
    """The settings in effect, and where each comes from."""
    options = gather(context, config)

    def command() -> int:
        from assistant.commands.config import show_command

        return show_command(
            options.config, options.overrides, changed=changed, json_output=json_output
        )

    raise typer.Exit(run(command))


@config_app.command("path")
def config_path(context: typer.Context, config: ConfigFile = None) -> None:
    """Where the settings file is, or would be."""
    file = gather(context, config).config

    def command() -> int:
        from assistant.commands.config import path_command

        return path_command(file)

    raise typer.Exit(run(command))


@config_app.command("schema")
def config_schema(json_output: Json = False) -> None:
    """Every setting there is, with its type, default and meaning."""

    def command() -> int:
        from assistant.commands.config import schema_command

        return schema_command(json_output=json_output)

    raise typer.Exit(run(command))


@config_app.command("set")
def config_set(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Such as audio.volume.")],
    value: Annotated[str, typer.Argument(help="Such as 0.8.")],
    config: ConfigFile = None,
) -> None:
    """Change a setting in the file. Example: assistant config set session.persona glados"""
    file = gather(context, config).config

    def command() -> int:
        from assistant.commands.config import set_command

        return set_command(key, value, file)

    raise typer.Exit(run(command))


@config_app.command("unset")
def config_unset(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="Such as audio.volume.")],
    config: ConfigFile = None,
) -> None:
    """Take a setting out of the file, so that its default holds again."""
    file = gather(context, config).config

    def command() -> int:
        from assistant.commands.config import unset_command

        return unset_command(key, file)

    raise typer.Exit(run(command))
