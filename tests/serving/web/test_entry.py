"""The token that lets a page in."""

from __future__ import annotations

import pytest

pytest.importorskip("starlette", reason="the page needs starlette")

from assistant.locations import web_dir
from assistant.private_files import FILE
from assistant.serving.web.entry import Entry, kept_token


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_token_is_the_same_the_next_time_until_a_new_one_is_asked_for() -> None:
    first = kept_token()
    assert len(first) >= 32
    assert kept_token() == first
    assert kept_token(anew=True) != first
    assert (web_dir() / "token").stat().st_mode & 0o777 == FILE


@pytest.mark.parametrize("text", [b"", b"short", b"\xff\xfe\xff" * 20])
def test_a_token_that_was_damaged_is_made_anew(text: bytes) -> None:
    kept_token()
    (web_dir() / "token").write_bytes(text)
    assert len(kept_token()) >= 32


def test_each_wrong_token_after_some_doubles_the_wait_of_that_address_only() -> None:
    clock = Clock()
    entry = Entry("right", 80, secure=True, clock=clock)
    waits = []
    for _ in range(8):
        assert not entry.admits("wrong", "192.0.2.7")
        waits.append(entry.wait("192.0.2.7"))
        clock.now += entry.wait("192.0.2.7")
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8]
    assert entry.wait("192.0.2.8") == 0
    assert entry.admits("right", "192.0.2.7")
    assert not entry.admits("wrong", "192.0.2.7")
    assert entry.wait("192.0.2.7") == 0, "who knew it begins anew"


def test_tries_of_many_addresses_do_not_fill_the_memory() -> None:
    entry = Entry("right", 80, secure=True)
    for number in range(5000):
        entry.admits("wrong", f"192.0.2.{number}")
    assert len(entry._tries) <= 1000
