"""`assistant memory feelings`: what lifts and what weighs, and a sparkline of weeks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta

from assistant.commands.memory.store import clean, nothing_yet, now, opened, print_json
from assistant.commands.tables import Column, print_table
from assistant.config.schema import Config
from assistant.emotion.corrections import CueWeights
from assistant.locations import feelings_file
from assistant.memory.feelings import (
    FeelingSeen,
    Pattern,
    Week,
    feelings_of,
    patterns,
    weeks,
)
from assistant.terminal.output import is_unicode

_BARS = "▁▂▃▄▅▆▇█"
_PLAIN_BARS = "_.-=+*#@"
_SOURCES = 3
"""Turns that are named beside a pattern."""


def feelings_command(config: Config, count: int, *, json_output: bool = False) -> int:
    """Of the last `count` weeks. Raises `MemoryFailure`."""
    if not json_output and nothing_yet(config):
        return 0
    today = now()
    monday = (today - timedelta(days=today.weekday(), weeks=count - 1)).replace(hour=0, minute=0)
    with opened(config) as store:
        seen = feelings_of(store, monday, weigh=CueWeights(feelings_file()))
    by_week, found = weeks(seen, today.date(), count), patterns(seen)
    if json_output:
        print_json({"weeks": by_week, "patterns": found, "feelings": seen})
    elif not seen:
        told = f"You have told nothing of how you felt in the last {count} weeks."
        print(told, file=sys.stderr)
    else:
        _print(by_week, found, seen)
    return 0


def _print(by_week: Sequence[Week], found: Sequence[Pattern], seen: Sequence[FeelingSeen]) -> None:
    bars = _BARS if is_unicode(sys.stdout) else _PLAIN_BARS
    begins = f"{by_week[0].begins:%d %b}"
    print(f"A week a sign, from {begins} on, by what you said:")
    print(f"  lifts   {sparkline([week.lifts for week in by_week], bars)}")
    print(f"  weighs  {sparkline([week.weighs for week in by_week], bars)}\n")
    short = Column("", whole=True), Column("Times", whole=True, right=True)
    print_table(
        [Column("What"), *short, Column("Where you said it")],
        [
            (each.about, each.sign, str(len(each.seen)), _sources(each))
            for each in found or _single(seen)
        ],
    )


def _single(seen: Sequence[FeelingSeen]) -> list[Pattern]:
    """Where nothing has come twice: each by itself."""
    return [
        Pattern(", ".join(each.about) or each.kind, each.sign, (each,)) for each in reversed(seen)
    ]


def _sources(pattern: Pattern) -> str:
    latest = pattern.seen[-_SOURCES:]
    more = len(pattern.seen) - len(latest)
    told = "; ".join(f"{each.source} “{clean(each.text)[:60]}”" for each in reversed(latest))
    return f"{told}; and {more} more" if more else told


def sparkline(counts: Sequence[int], bars: str = _BARS) -> str:
    """One sign each, by height; a week without anything is the lowest."""
    most = max([*counts, 1])
    return "".join(bars[round(count / most * (len(bars) - 1))] for count in counts)
