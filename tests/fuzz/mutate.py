"""Inputs made of other inputs: what breaks parsers more often than chance would."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

MAX_BYTES = 1 << 16
"""Of one input; what grows past it is cut. Limits of size have tests of their own."""
TOKENS: tuple[bytes, ...] = (
    b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\xaf", b"\xe2\x80\xae",
    b"\r", b"\n\n", b"\x1b[2J", b"\x85", b"\xe2\x80\xa8", b"\\", b"\\u0000", b"\\ud800", b"../",
    b"---\n", b"## ", b"[[[[", b"]]]]", b"{{{{", b"((((", b"))))", b'"', b"'", b"`", b":", b"; ",
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-0", b"-1", b"0x10", b"true", b"null", b"{}",
    b"[]", b"9" * 30, b"9" * 5000, b"0000-00-00", b"9999-12-31T23:59:59+23:59", b"0001-01-01T00:00",
    b"99:99:99", b"+99:99", b"\xd9\xa3", b"\xc2\xb2", b"\xe2\x91\xa0",
)  # fmt: skip
"""Ends of ranges, halves of characters, marks of the formats, digits that are no ASCII."""
_NUMBER = re.compile(rb"\d+")
_LINE = re.compile(rb"[^\n]*\n?")
_WORD = re.compile(rb"[A-Za-z_]{2,}|[^\sA-Za-z0-9_]")
_NUMBERS: tuple[bytes, ...] = (
    b"0", b"-1", b"1.5", b"00", b"99", b"256", b"65536", b"2147483648", b"9223372036854775808",
    b"99999999999999999999", b"9" * 400, b"9" * 5000, b"1e400", b"\xd9\xa3\xd9\xa4",
)  # fmt: skip


def mutated(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    """`data` after one to six changes; `pool`: what else there is to take pieces from."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        data = chance.choice(_CHANGES)(data, pool, chance)[:MAX_BYTES]
    return data


Change = Callable[[bytes, Sequence[bytes], random.Random], bytes]


def _flip(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 4) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwrite(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    if not data:
        return data
    at = chance.randrange(len(data))
    return data[:at] + bytes([chance.choice((0, 1, 0x7F, 0x80, 0xFF, 32, 10))]) + data[at + 1 :]


def _insert(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice(TOKENS) + data[at:]


def _number(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return _insert(data, pool, chance)
    start, end = chance.choice(found).span()
    return data[:start] + chance.choice(_NUMBERS) + data[end:]


def _word(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    """A word or mark in the place of another, of this or of any input."""
    found = list(_WORD.finditer(data))
    others = _WORD.findall(chance.choice(pool))
    if not found or not others:
        return _insert(data, pool, chance)
    start, end = chance.choice(found).span()
    return data[:start] + chance.choice((b"", *others, *TOKENS)) + data[end:]


def _cut(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    start, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    return chance.choice((data[:start], data[end:], data[:start] + data[end:]))


def _repeat(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    """A stretch many times over: depth, length, the backtracking of patterns."""
    if not data:
        return data
    start = chance.randrange(len(data))
    piece = data[start : start + chance.choice((1, 1, 2, 8, 64, 512))]
    times = min(chance.choice((2, 10, 200, 5000, 30000)), MAX_BYTES // len(piece))
    return data[:start] + piece * times + data[start:]


def _splice(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    other = chance.choice(pool)
    return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]


def _lines(data: bytes, pool: Sequence[bytes], chance: random.Random) -> bytes:
    """Two lines change places, or one stands twice, or is gone, or comes from elsewhere."""
    lines = _LINE.findall(data)
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    match chance.randrange(4):
        case 0:
            lines[one], lines[other] = lines[other], lines[one]
        case 1:
            lines.insert(other, lines[one])
        case 2:
            del lines[one]
        case _:
            lines.insert(other, chance.choice(_LINE.findall(chance.choice(pool))))
    return b"".join(lines)


_CHANGES: tuple[Change, ...] = (
    _flip, _overwrite, _insert, _insert, _number, _number, _word, _word, _cut, _repeat, _splice,
    _lines, _lines,
)  # fmt: skip
