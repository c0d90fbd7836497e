"""Tables and consoles of all commands: nothing in them is cut off without a sign, whatever the
width, and what is piped is not cut at all.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from assistant.terminal.output import is_unicode, styled
from assistant.terminal.sanitize import clean_line, clean_text

_GAP = 2
_LEAST = 20
"""Cells that a column of text wants at least; narrower, it stands on lines of its own."""
_ENDLESS = 100_000
"""Width of what is no terminal: no line is broken there."""


@dataclass(frozen=True, slots=True)
class Column:
    """`whole`: an id or a number, never broken or cut. `short`: one line, cut with "…" on a
    terminal. Others are text, broken into lines where they must be."""

    title: str = ""
    whole: bool = False
    short: bool = False
    right: bool = False


class CleanConsole(Console):
    """A console that shows texts of others and does not obey them."""

    def render_str(self, text: str, **options: Any) -> Text:
        # Before `rich` takes the bell away that ends a sequence.
        return super().render_str(clean_text(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=clean_text(segment.text))


def console(*, stderr: bool = False, **options: Any) -> Console:
    """Where a command prints; as wide as the terminal, or endless where it is none. No markup is
    read in what is printed: texts are other people's."""
    settings: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False, **options}
    made = CleanConsole(file=styled(stderr), stderr=stderr, **settings)
    if not made.is_terminal:
        made.width = _ENDLESS
    return made


def print_table(
    columns: Sequence[Column | str], rows: Sequence[Sequence[str | Text]], *, title: str = ""
) -> None:
    """Print rows on standard output, in a table where the terminal is wide enough for one."""
    heads = [Column(each) if isinstance(each, str) else each for each in columns]
    cells = [[_cell(value) for value in row] for row in rows]
    out = console()
    if title:
        out.print(Text(title, style="bold"))
    widths = [
        max([cell_len(head.title), *(row[at].cell_len for row in cells)])
        for at, head in enumerate(heads)
    ]
    if not out.is_terminal:
        _print_lines(out, heads, cells, widths)
    elif _fits(heads, widths, out.width):
        out.print(_table(heads, cells, widths, cut=is_unicode(out.file)))
    else:
        _print_stacked(out, heads, cells)


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON that means the same in every encoding, and in which nothing acts on a terminal."""
    if not is_unicode(sys.stdout):
        return json.dumps(value, indent=indent)
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return re.sub(r"[^\n -~]+", lambda match: _escaped(match[0]), text)


def print_json(value: Any) -> None:
    """Print it for programs."""
    print(json_text(value, indent=2))


def _escaped(text: str) -> str:
    return text if clean_text(text) == text else json.dumps(text)[1:-1]


def _cell(value: str | Text) -> Text:
    """Texts that are styled already are ours, or were cleaned by who styled them."""
    return value if isinstance(value, Text) else Text(clean_line(value))


def _fits(heads: Sequence[Column], widths: Sequence[int], room: int) -> bool:
    least = (w if head.whole else min(w, _LEAST) for head, w in zip(heads, widths, strict=True))
    return sum(least) + _GAP * (len(heads) - 1) <= room


def _table(
    heads: Sequence[Column], cells: list[list[Text]], widths: Sequence[int], *, cut: bool
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for head, width in zip(heads, widths, strict=True):
        table.add_column(
            head.title,
            justify="right" if head.right else "left",
            no_wrap=head.whole or (head.short and cut),
            overflow="ellipsis" if head.short and cut else "fold",
            min_width=width if head.whole else min(width, _LEAST),
        )
    for row in cells:
        table.add_row(*row)
    return table


def _print_lines(
    out: Console, heads: Sequence[Column], cells: list[list[Text]], widths: Sequence[int]
) -> None:
    """A line a row, as long as it is."""
    titles = [Text(head.title) for head in heads]
    for row in [titles, *cells] if any(head.title for head in heads) else cells:
        line = Text()
        for head, cell, width in zip(heads, row, widths, strict=True):
            space = " " * (width - cell.cell_len)
            line += Text(space) + cell if head.right else cell + Text(space)
            line += Text(" " * _GAP)
        line.rstrip()
        out.print(line, soft_wrap=True)


def _print_stacked(out: Console, heads: Sequence[Column], cells: list[list[Text]]) -> None:
    """For narrow terminals: what a row is called, and below it what is known of it."""
    texts = [at for at, head in enumerate(heads) if at and not head.whole]
    for row in cells:
        out.print(row[0], soft_wrap=True)
        known = [
            Text.assemble((f"{head.title} " if head.title else "", "dim"), cell)
            for head, cell in zip(heads[1:], row[1:], strict=True)
            if head.whole and cell
        ]
        if known:
            out.print(Text("  ") + Text(" · ").join(known), soft_wrap=True)
        for at in texts:
            if row[at]:
                name = f"{heads[at].title}: " if len(texts) > 1 and heads[at].title else ""
                out.print(Padding(Text.assemble((name, "dim"), row[at]), (0, 0, 0, 2)))


# One line of the doctor's report.

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """`warn`: it works, with less. `fail`: a part does not work at all."""

    name: str
    state: State
    value: str
    """What was found."""
    remedy: str = ""
    """What to do about it."""


def ok(name: str, value: str) -> Check:
    return Check(name, "ok", value)


def warn(name: str, value: str, remedy: str = "") -> Check:
    return Check(name, "warn", value, remedy)


def fail(name: str, value: str, remedy: str = "") -> Check:
    return Check(name, "fail", value, remedy)
