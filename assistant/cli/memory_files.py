"""`assistant memory` on the command line: all of it at once, as files, measured, sealed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.memory import memory_app
from assistant.cli.memory_serve import memory_serve
from assistant.cli.options import ConfigFile, Json, gather
from assistant.commands.runner import run, run_with_config

if TYPE_CHECKING:
    from assistant.config.schema import Config

__all__ = ["memory_app"]

Keyring = Annotated[
    bool, typer.Option("--keyring", help="A key in the system's keyring, no passphrase.")
]


@memory_app.command("export")
def memory_export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="Where to.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Replace a file.")] = False,
    config: ConfigFile = None,
) -> None:
    """Write all of it into a zip of Markdown and JSON, readable for everybody who has it."""

    def command(settings: Config) -> int:
        from assistant.commands.memory.files import export_command

        return export_command(settings, file, yes=yes)

    raise typer.Exit(run_with_config(gather(context, config), command))


@memory_app.command("import")
def memory_import(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="Made by export.")],
    config: ConfigFile = None,
) -> None:
    """Add what an export holds; what is here already stays as it is."""

    def command(settings: Config) -> int:
        from assistant.commands.memory.files import import_command

        return import_command(settings, file)

    raise typer.Exit(run_with_config(gather(context, config), command))


@memory_app.command("rebuild")
def memory_rebuild(context: typer.Context, config: ConfigFile = None) -> None:
    """Make index and profile anew from the journals."""

    def command(settings: Config) -> int:
        from assistant.commands.memory.files import rebuild_command

        return rebuild_command(settings)

    raise typer.Exit(run_with_config(gather(context, config), command))


@memory_app.command("stats")
def memory_stats(
    context: typer.Context, json_output: Json = False, config: ConfigFile = None
) -> None:
    """How much is remembered, by kind, and what it takes on the disk."""

    def command(settings: Config) -> int:
        from assistant.commands.memory.files import stats_command

        return stats_command(settings, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command))


@memory_app.command("doctor")
def memory_doctor(
    context: typer.Context, json_output: Json = False, config: ConfigFile = None
) -> None:
    """Whether it is whole, private and findable, and what to do where it is not."""

    def command(settings: Config) -> int:
        from assistant.commands.memory.doctor import doctor_command

        return doctor_command(settings, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command, mends=False))


@memory_app.command("path")
def memory_path() -> None:
    """Where it is kept."""

    def command() -> int:
        from assistant.commands.memory.listing import path_command

        return path_command()

    raise typer.Exit(run(command))


@memory_app.command("encrypt")
def memory_encrypt(
    context: typer.Context, keyring: Keyring = False, config: ConfigFile = None
) -> None:
    """Seal all of it with a passphrase (asked for, or ASSISTANT_MEMORY_PASSPHRASE)."""
    options = gather(context, config)

    def command(settings: Config) -> int:
        from assistant.commands.memory.encrypt import encrypt_command

        return encrypt_command(settings, options, "keyring" if keyring else "passphrase")

    raise typer.Exit(run_with_config(options, command))


@memory_app.command("decrypt")
def memory_decrypt(
    context: typer.Context, keyring: Keyring = False, config: ConfigFile = None
) -> None:
    """Make all of it readable again."""
    options = gather(context, config)

    def command(settings: Config) -> int:
        from assistant.commands.memory.encrypt import decrypt_command

        return decrypt_command(settings, options, "keyring" if keyring else None)

    raise typer.Exit(run_with_config(options, command))


memory_app.command("serve")(memory_serve)
