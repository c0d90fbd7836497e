"""Cleaning of foreign text, whole and in pieces."""

from __future__ import annotations

import unicodedata

from assistant.terminal.output import readable
from assistant.terminal.sanitize import PieceCleaner, clean_line, clean_text

NAME = "cleaning"
SEEDS = [
    b"plain words, \xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd and \xe6\x9d\x8e\xe6\x98\x8e",
    b"\x1b]52;c;aGVsbG8=\x07clipboard \x1b[2J\x1b[31mred\x1b[0m",
    b"\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\ through tmux \x1b_G\x1b\\ \x1b^p\x1b\\ \x1bXs\x1b\\",
    "\x9b31m \x9d0;t\x9c \x90q\x9c \u202eright\u2066\u2069 \u200b\ufeff".encode(),
    "👩‍👩‍👧 ❤️‍🔥 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f".encode(),
    "نمی‌خواهم क्‍ष".encode(),
    b"one\r\ntwo\rthree\x85four\x0bfive\tsix\x00\x7f",
    b"z\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
    b"\xed\xa0\xbd\xed\xb8\x80 halves \xed\xa0\xbd",
]
"""Bytes of UTF-8 in which halves of characters may stand."""


def one(data: bytes) -> None:
    text = data.decode("utf-8", "surrogatepass" if _has_halves(data) else "surrogateescape")
    cleaned = clean_text(text)
    _check(cleaned)
    assert clean_text(cleaned) == cleaned, "cleaning twice changes more"
    line = clean_line(text)
    _check(line)
    assert "\n" not in line
    assert clean_line(line) == line, "cleaning a line twice changes more"
    size = 1 + len(data) % 7
    cleaner = PieceCleaner()
    pieces = [cleaner.feed(text[at : at + size]) for at in range(0, len(text), size)]
    shown = "".join([*pieces, cleaner.close()])
    _check(shown)
    for encoding in ("ascii", "koi8-r", "iso-8859-1", "utf-8"):
        cleaned.encode(encoding, readable(encoding))


def _check(text: str) -> None:
    for character in text:
        assert character == "\n" or unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")
        kind = unicodedata.bidirectional(character)
        assert kind not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def _has_halves(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True
