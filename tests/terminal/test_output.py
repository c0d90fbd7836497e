"""What is written reaches the terminal: clean, and readable in whatever encoding it has."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.terminal import output
from assistant.terminal.output import CleanStream, StyledFile, decoded, readable

READ_AS = [
    ("ascii", "it’s “so” – 5 € … •", 'it\'s "so" - 5 EUR ... *'),
    ("ascii", "Zoë’s café, Ðor, Straße, Łódź", "Zoe's cafe, Dor, Strasse, Lodz"),
    ("ascii", "╭─╮│█", "+-+|#"),
    ("ascii", "½ × 3 ≥ 1 → ok ✓", "1/2 x 3 >= 1 > ok v"),
    ("ascii", "李明", "\\u674e\\u660e"),
    ("ascii", "😀", "(grinning face)"),
    ("ascii", "👍🏽 ❤\ufe0f", "(thumbs up sign) (heavy black heart)"),
    ("iso-8859-1", "Zoë – “½”", 'Zoë - "½"'),
    ("iso-8859-1", "Иван", "\\u0418\\u0432\\u0430\\u043d"),
    ("koi8-r", "Иван и café – “да”", 'Иван и cafe - "да"'),
    ("koi8-r", "и\u0306од", "йод"),
    ("koi8-r", "ѐ ¤", "е \\u00a4"),
    ("utf-8", "Иван 李明 – 😀", "Иван 李明 – 😀"),
]


@pytest.mark.parametrize(("encoding", "text", "read"), READ_AS)
def test_what_an_encoding_lacks_is_written_as_the_nearest_there_is(
    encoding: str, text: str, read: str
) -> None:
    raw = io.BytesIO()
    stream = CleanStream(raw, encoding=encoding, errors=readable(encoding))
    print(text, file=stream, flush=True)
    assert raw.getvalue().decode(encoding) == f"{read}\n"


@given(
    st.text(), st.sampled_from(["ascii", "koi8-r", "iso-8859-1", "cp1251", "utf-8", "shift_jis"])
)
def test_every_text_can_be_written_in_every_encoding(text: str, encoding: str) -> None:
    raw = io.BytesIO()
    stream = CleanStream(raw, encoding=encoding, errors=readable(encoding))
    stream.write(text)
    stream.flush()
    assert "\x1b" not in raw.getvalue().decode(encoding)


def test_colours_of_ours_come_out_and_those_of_others_do_not() -> None:
    raw = io.BytesIO()
    stream = CleanStream(raw, encoding="utf-8", errors=readable("utf-8"))
    stream.write("\x1b[31mred\x1b[0m")
    StyledFile(stream).write("\x1b[32mgreen\x1b[0m")
    stream.flush()
    assert raw.getvalue() == b"red\x1b[32mgreen\x1b[0m"


@pytest.mark.parametrize(
    ("typed", "encoding"),
    [("привет".encode(), "koi8-r"), ("привет".encode("koi8-r"), "koi8-r")],
)
def test_typed_text_is_read_in_utf8_or_in_the_terminals_encoding(
    typed: bytes, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert decoded(typed) == "привет"


def test_text_in_no_known_encoding_loses_only_what_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    monkeypatch.setattr(output.locale, "getencoding", lambda: "utf-8")
    assert decoded(b"hello \xff there") == "hello � there"


def test_a_stream_that_is_closed_swallows_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    output.claim_streams()
    print("nobody")
    output.styled().write("nobody")


def test_streams_are_claimed_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="ascii") as file:
        monkeypatch.setattr(sys, "stdout", file)
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        output.claim_streams()
        claimed = sys.stdout
        output.claim_streams()
        assert sys.stdout is claimed
        print("–\x1b[2J")
        claimed.flush()
        assert (tmp_path / "out").read_bytes() == b"-\n"
