"""`assistant transcripts [list|show|path|delete]`."""

from __future__ import annotations

import sys
from pathlib import Path

from assistant.commands.runner import USAGE, agreed, complain
from assistant.commands.tables import Column, console, print_json, print_table
from assistant.locations import transcripts_dir
from assistant.session.transcript_store import TURN, find_transcript, list_transcripts
from assistant.terminal.output import print_path
from assistant.terminal.sanitize import clean_text


def list_command(*, json_output: bool = False) -> int:
    """Past conversations, newest first."""
    found = list_transcripts()
    if json_output:
        listed = [
            {
                "id": each.id,
                "path": str(each.path),
                "began": each.began.isoformat(),
                "turns": each.turns,
                "personas": each.names,
                "first": each.first,
            }
            for each in found
        ]
        print_json(listed)
        return 0
    if not found:
        print(f"There are no conversations in {transcripts_dir()} yet.", file=sys.stderr)
        return 0
    columns = (
        Column("Id", whole=True),
        Column("Turns", whole=True, right=True),
        Column("With"),
        Column("Began with", short=True),
    )
    print_table(
        columns, [(each.id, str(each.turns), ", ".join(each.names), each.first) for each in found]
    )
    return 0


def show_command(id: str) -> int:
    """The conversation as it reads well on a terminal; as it is in the file elsewhere. Turns are
    no Markdown: what stands in them between * or < > was said so."""
    path = _find(id)
    if path is None:
        return USAGE
    text = clean_text(path.read_text(encoding="utf-8", errors="replace"))
    if not sys.stdout.isatty():
        print(text, end="")
        return 0
    from rich.text import Text

    out = console()
    for line in text.splitlines():
        if turn := TURN.match(line):
            out.print(Text.assemble((turn["name"], "bold"), line[turn.end("name") + 2 :]))
        else:
            out.print(Text(line.lstrip("# "), style="bold" if line.startswith("#") else ""))
    return 0


def path_command(id: str | None) -> int:
    """The folder, or the file of one conversation."""
    path = transcripts_dir() if id is None else _find(id)
    if path is None:
        return USAGE
    print_path(path)
    return 0


def delete_command(id: str, *, yes: bool = False) -> int:
    """Delete a conversation, after asking where somebody is there to answer."""
    path = _find(id)
    if path is None:
        return USAGE
    question = f"Delete {path.name} for good?"
    if not yes and (code := agreed(question, "nobody is there to confirm it")):
        return code
    path.unlink()
    print(f"deleted {path.name}", file=sys.stderr)
    return 0


def _find(id: str) -> Path | None:
    try:
        return find_transcript(id)
    except KeyError:
        complain(
            f"there is no conversation “{id}”, or more than one begins so",
            "assistant transcripts lists them",
        )
        return None
