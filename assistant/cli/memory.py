"""`assistant memory` on the command line."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli.options import ConfigFile, Json, gather
from assistant.cli.serve import memory_serve
from assistant.commands.runner import run, run_with_config

if TYPE_CHECKING:
    from assistant.commands.memory.show import ListFilters
    from assistant.config.schema import Config


memory_app = typer.Typer(
    help="See, search, correct and forget what is remembered.", invoke_without_command=True
)


class Of(StrEnum):
    """Categories of memories."""

    personal = "personal"
    emotional = "emotional"
    contextual = "contextual"
    relational = "relational"
    temporal = "temporal"


Category = Annotated[Of | None, typer.Option("--category", "-c", help="Only of this kind.")]
Person = Annotated[str, typer.Option("--person", metavar="NAME", help="Only about them.")]
Told = Annotated[str, typer.Option("--persona", metavar="NAME", help="Only what it was told.")]
Since = Annotated[
    str, typer.Option("--since", metavar="TIME", help='2026-11-21, yesterday, "last week".')
]
Topic = Annotated[str, typer.Option("--topic", metavar="WORD", help="Only of this topic.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=0, help="At most so many; 0: all.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]


@memory_app.callback()
def memory(context: typer.Context) -> None:
    """See, search, correct and forget what is remembered; without more words, list it."""
    if context.invoked_subcommand is None:
        memory_list(context)


@memory_app.command("list")
def memory_list(
    context: typer.Context,
    category: Category = None,
    person: Person = "",
    persona: Told = "",
    since: Since = "",
    topic: Topic = "",
    limit: Limit = 0,
    json_output: Json = False,
    config: ConfigFile = None,
) -> None:
    """What is remembered, newest first. Example: assistant memory list --since "last week" """

    def command(settings: Config) -> int:
        from assistant.commands.memory.show import list_command

        wanted = _wanted(category, person, persona, since, topic, limit)
        return list_command(settings, wanted, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command))


@memory_app.command("search")
def memory_search(
    context: typer.Context,
    query: Annotated[list[str], typer.Argument(help="Words; times like “last week” count too.")],
    category: Category = None,
    person: Person = "",
    persona: Told = "",
    since: Since = "",
    topic: Topic = "",
    limit: Limit = 10,
    json_output: Json = False,
    config: ConfigFile = None,
) -> None:
    """Find memories and turns, best first. Example: assistant memory search my talk last week"""

    def command(settings: Config) -> int:
        from assistant.commands.memory.show import search_command

        wanted = _wanted(category, person, persona, since, topic, limit)
        return search_command(settings, " ".join(query), wanted, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command))


@memory_app.command("show")
def memory_show(
    context: typer.Context,
    id: Annotated[
        str, typer.Argument(help="Of a memory, a turn or a journal; “last”, “profile”, “discord”.")
    ] = "profile",
    json_output: Json = False,
    config: ConfigFile = None,
) -> None:
    """A memory with the turn it comes from and what it corrected; a journal; the profile.

    “discord”: of whom on Discord how much is kept.
    """

    def command(settings: Config) -> int:
        from assistant.commands.memory.show import show_command

        return show_command(settings, id, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command))


@memory_app.command("feelings")
def memory_feelings(
    context: typer.Context,
    weeks: Annotated[int, typer.Option("--weeks", "-w", min=1, max=104)] = 12,
    json_output: Json = False,
    config: ConfigFile = None,
) -> None:
    """What lifts you and what weighs on you, by what you have said, with where you said it."""

    def command(settings: Config) -> int:
        from assistant.commands.memory.feelings import feelings_command

        return feelings_command(settings, weeks, json_output=json_output)

    raise typer.Exit(run_with_config(gather(context, config), command))


@memory_app.command("edit")
def memory_edit(
    context: typer.Context,
    id: Annotated[str, typer.Argument(help="Of a memory or journal; “last”, or “profile”.")],
    text: Annotated[
        str | None, typer.Option("--text", "-t", help="What the memory should say instead.")
    ] = None,
    config: ConfigFile = None,
) -> None:
    """Open the journal in your editor (VISUAL, EDITOR), or correct one memory with --text."""

    def command(settings: Config) -> int:
        from assistant.commands.memory.edit import edit_command

        return edit_command(settings, id, text)

    raise typer.Exit(run_with_config(gather(context, config), command))


@memory_app.command("forget")
def memory_forget(
    context: typer.Context,
    ids: Annotated[
        list[str] | None, typer.Argument(help="Of memories, turns (JOURNAL#3) or journals.")
    ] = None,
    query: Annotated[str, typer.Option("--query", help="What a search for this finds.")] = "",
    day: Annotated[str, typer.Option("--day", help="2026-11-21, yesterday.")] = "",
    topic: Annotated[str, typer.Option("--topic", help="All about it.")] = "",
    person: Annotated[str, typer.Option("--person", help="All about them.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Everything.")] = False,
    yes: Yes = False,
    config: ConfigFile = None,
) -> None:
    """Forget for good, from journals, profile, index and transcripts; shows it and asks first.

    Example: assistant memory forget --person Grace
    """

    def command(settings: Config) -> int:
        from assistant.commands.memory.forget import What, forget_command

        what = What(tuple(ids or ()), query, day, topic, person, everything)
        return forget_command(settings, what, yes=yes)

    raise typer.Exit(run_with_config(gather(context, config), command))


def _wanted(
    category: Of | None, person: str, persona: str, since: str, topic: str, limit: int
) -> ListFilters:
    from assistant.commands.memory.show import ListFilters

    return ListFilters(category.value if category else "", person, persona, since, topic, limit)


# `assistant memory` on the command line: all of it at once, as files, measured, sealed.

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
        from assistant.commands.memory.show import path_command

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
