"""A terminal that does not write UTF-8 loses no word."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from assistant.session.events import AgentSaid
from assistant.ui.app import DashboardApp
from assistant.ui.letters import in_place, legible, write_in
from tests.fakes import FakeSession
from tests.ui.looking import see, text

ENCODINGS = ["koi8-r", "iso8859-1", "ascii", "cp1252"]


@pytest.fixture(autouse=True)
def _utf8_again() -> Iterator[None]:
    yield
    write_in(None)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "“Grüße”, Иван 李…"),
        ("koi8-r", '"Grusse", Иван \\u674e...'),
        ("iso8859-1", '"Grüße", \\u0418\\u0432\\u0430\\u043d \\u674e...'),
        ("ascii", '"Grusse", \\u0418\\u0432\\u0430\\u043d \\u674e...'),
    ],
)
def test_what_cannot_be_written_is_written_otherwise(encoding: str, expected: str) -> None:
    write_in(encoding)
    assert legible("“Grüße”, Иван 李…") == expected


@given(st.text(max_size=20), st.sampled_from(ENCODINGS))
def test_a_row_keeps_its_width_and_can_be_written(row: str, encoding: str) -> None:
    write_in(encoding)
    row = "".join(c for c in row if c.isprintable())
    assert sum(map(cell_len, in_place(row))) == sum(map(cell_len, row))
    legible(row).encode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
async def test_an_answer_is_read_in_every_terminal(
    make_app: Callable[..., DashboardApp], session: FakeSession, encoding: str
) -> None:
    write_in(encoding)
    app = make_app(session)
    async with app.run_test(size=(100, 30)) as pilot:
        words = "Hello, Zoë – “李”."
        session.emit(AgentSaid(turn=1, persona="butler", text=words, final=True, played=words))
        await see(pilot, "Hello, Zo", "\\u674e")
        shown = text(app)
        shown.encode(encoding)
        assert "?" not in shown.replace("? Help", "")
