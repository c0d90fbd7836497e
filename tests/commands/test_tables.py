"""Tables in terminals of all widths and in pipes: ids are whole, and nothing is cut in silence."""

from __future__ import annotations

import io
import json
import sys

import pytest

from assistant.commands import tables
from assistant.commands.tables import Column, json_text, print_table

ID = "2026-11-21T190503-jarvis/12"
COLUMNS = (
    Column("Id", whole=True),
    Column("Date", whole=True),
    Column("Sure", whole=True, right=True),
    Column("With", short=True),
    Column("What"),
)
TEXT = "The user's cat is called Pixel and sleeps on the warm end of the keyboard all day long."
ROW = (ID, "2026-11-21", "100%", "JARVIS, GLaDOS and HAL 9000", TEXT)


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def _shown(monkeypatch: pytest.MonkeyPatch, width: int | None, *rows: tuple[str, ...]) -> str:
    """What a terminal of that width shows, None: what a pipe gets."""
    stream = io.StringIO() if width is None else Screen()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("COLUMNS", str(width or 40))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    print_table(COLUMNS, rows)
    return stream.getvalue().replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 160])
def test_ids_and_words_are_whole_at_every_width(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    shown = _shown(monkeypatch, width, ROW, ROW)
    assert shown.count(ID) == 2
    assert shown.count("2026-11-21 ") + shown.count("2026-11-21\n") >= 2
    for word in TEXT.split():
        assert word in shown
    for line in shown.splitlines():
        assert len(line.rstrip()) <= max(width, len(ID)) or "·" in line


def test_a_pipe_gets_a_line_a_row_and_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "x" * 5_000
    shown = _shown(monkeypatch, None, ROW, (*ROW[:3], long, "short"))
    head, first, second = shown.splitlines()
    assert head.split() == ["Id", "Date", "Sure", "With", "What"]
    assert first.split("  ")[0] == ID
    assert first.rstrip().endswith(TEXT)
    assert long in second
    assert "…" not in shown


def test_texts_of_others_are_read_neither_as_markup_nor_as_orders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nasty = "[/] [bold red]\x1b]52;c;aGk=\x07\x9b2J :smile: \n* \u202ename"
    for width in (None, 60, 160):
        shown = _shown(monkeypatch, width, (nasty, "", "", nasty, nasty))
        assert shown.count("[/] [bold red] :smile: * name") == 3
        assert "\x1b" not in shown
        assert "\x9b" not in shown


def test_a_console_cleans_what_a_command_forgot_to(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    tables.console().print("[/] \x1b]0;title\x07[bold]\u202eok")
    assert stream.getvalue() == "[/] [bold]ok\n"


def test_json_means_the_same_and_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"name": "\x1b[2J\x9b\u202eИван\x7f", "half": "\udce4", "emoji": "👩‍👧"}
    text = json_text(value)
    assert json.loads(text) == value
    assert not {"\x1b", "\x9b", "\u202e", "\x7f", "\udce4"} & set(text)
    assert "👩‍👧" in text
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="koi8-r"))
    assert json_text(value).isascii()
