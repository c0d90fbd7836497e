"""`assistant memory show discord`: of whom on Discord something is kept, and how much."""

from __future__ import annotations

import sys
from dataclasses import asdict

from assistant.commands.memory.store import clean, passphrase_at_hand, print_json
from assistant.commands.tables import Column, print_table
from assistant.config.schema import Config
from assistant.discord.people.kept import KeptOfOne, kept_of_each


def show_people(config: Config, *, json_output: bool = False) -> int:
    """A line for each; what they told is theirs, and stands in their folders."""
    with passphrase_at_hand(config.memory):
        kept = kept_of_each(config.memory)
    if json_output:
        print_json([asdict(each) for each in kept])
    elif kept:
        columns = [Column(title, whole=True) for title in ("Id", "Since")]
        columns += [Column(title, whole=True, right=True) for title in ("Memories", "Turns")]
        print_table([*columns, Column("Name")], [_row(each) for each in kept])
        if any(each.unread for each in kept):
            print("“?”: cannot be read; `assistant memory doctor` tells why.", file=sys.stderr)
    else:
        print("Nobody on Discord has agreed to be remembered.", file=sys.stderr)
    return 0


def _row(each: KeptOfOne) -> tuple[str, ...]:
    memories, turns = ("?", "?") if each.unread else (str(each.memories), str(each.turns))
    return str(each.id), each.since or "-", memories, turns, clean(each.name)
