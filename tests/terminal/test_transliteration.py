"""What an encoding lacks is written as the nearest there is, in as many cells where need be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from assistant.terminal.transliteration import can_write, similar, similar_of_width, writes_all

ENCODINGS = ["ascii", "koi8-r", "iso-8859-1", "cp1251", "cp1252", "shift_jis", "gb2312"]


@pytest.mark.parametrize(
    ("character", "encoding", "free", "of_width"),
    [
        ("…", "ascii", "...", "."),
        ("€", "koi8-r", "EUR", "E"),
        ("é", "koi8-r", "e", "e"),
        ("é", "iso-8859-1", "é", "é"),
        ("½", "ascii", "1/2", "1"),
        ("▁", "ascii", "-", "-"),
        ("▌", "ascii", "|", "|"),
        ("李", "ascii", "\\u674e", "??"),
        ("😀", "ascii", "(grinning face)", "??"),
        ("☀", "ascii", "(black sun with rays)", "?"),
        ("🏽", "ascii", "", ""),
        ("ｱ", "gb2312", "ア", "?"),
    ],
)
def test_what_stands_for_it(character: str, encoding: str, free: str, of_width: str) -> None:
    assert similar(character, encoding) == free
    assert similar_of_width(character, cell_len(character), encoding) == of_width


@given(st.characters(), st.sampled_from(ENCODINGS))
def test_it_can_be_written_and_keeps_its_width(character: str, encoding: str) -> None:
    assert can_write(similar(character, encoding), encoding)
    cells = cell_len(character)
    found = similar_of_width(character, cells, encoding)
    assert can_write(found, encoding)
    assert cell_len(found) == cells


def test_an_encoding_of_unicode_by_any_spelling_needs_nothing() -> None:
    assert all(map(writes_all, ("utf-8", "UTF-8", "utf_8_sig", "UTF8", "utf-16-le")))
    assert not writes_all("koi8-r")
