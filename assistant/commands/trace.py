"""`assistant trace`: where the time went between the user's last word and the answer."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
from rich.text import Text

from assistant.commands.event_log import read_events
from assistant.commands.runner import FAILED, complain
from assistant.commands.tables import Column, print_json, print_table
from assistant.locations import last_turn_file
from assistant.session.trace import ENDED, TurnTrace, TurnTracer, read_last_turn
from assistant.terminal.output import is_unicode
from assistant.terminal.sanitize import clean_line

_BAR = 24
"""Cells."""


def trace_command(events: Path | None, turn: int | None, *, json_output: bool = False) -> int:
    """The last turn, of the last conversation or of a file of events; or the one with this number,
    the user's or the assistant's. Raises `OSError`, or `ProtocolError` for a broken file."""
    trace = read_last_turn(last_turn_file()) if events is None else traced(events, turn)
    if trace is None:
        return _nothing(events, turn)
    if json_output:
        print_json(msgspec.to_builtins(trace))
    else:
        _print(trace)
    return 0


def traced(events: Path, turn: int | None) -> TurnTrace | None:
    """Of a turn in the file; None where it has no such turn. Raises as `trace_command`."""
    tracer = TurnTracer()
    found = None
    for event in read_events(events):
        trace = tracer.take(event)
        if trace is not None and turn in (None, trace.turn, *trace.answers):
            found = trace
    return found


def _nothing(events: Path | None, turn: int | None) -> int:
    if events is None:
        complain(
            "there is no turn to be shown yet",
            "talk first; conversations of which nothing is saved leave no times either",
        )
    elif turn is None:
        complain(f"no turn in {events} was answered", "assistant talk --events FILE writes one")
    else:
        complain(
            f"no turn {turn} in {events} was answered",
            "choose another; without --turn it is the last",
        )
    return FAILED


def _print(trace: TurnTrace) -> None:
    columns = (
        Column("Stage", whole=True),
        Column("Took ms", whole=True, right=True),
        Column("At ms", whole=True, right=True),
        Column("", whole=True),
    )
    moments = [each for each in trace.moments if each.name not in ENDED]
    scale = max((each.at for each in moments), default=0.0)
    rows = []
    before = 0.0
    for moment in trace.moments:
        bar = "" if moment.name in ENDED else _bar(before, moment.at, scale)
        took, at = f"{1000 * (moment.at - before):.0f}", f"{1000 * moment.at:.0f}"
        rows.append((clean_line(moment.name), took, at, Text(bar)))
        before = moment.at
    print_table(columns, rows, title=_title(trace))


def _title(trace: TurnTrace) -> str:
    began = "the end of your speech" if trace.spoken else "the text you sent"
    when = f", {trace.at:%Y-%m-%d %H:%M}" if trace.at else ""
    who = f", {clean_line(trace.persona)}" if trace.persona else ""
    return f"Turn {trace.turn}{who}{when}; times from {began}"


def _bar(begin: float, end: float, scale: float) -> str:
    """Where in the time to the last of them this stage lies, at least one cell of it."""
    full = "█" if is_unicode(sys.stdout) else "#"
    unit = _BAR / scale if scale else 0.0
    first = min(_BAR - 1, int(begin * unit))
    return " " * first + full * max(1, round(end * unit) - first)
