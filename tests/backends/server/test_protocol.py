"""What a stranger may write, and what becomes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.server import protocol
from assistant.backends.server.failures import LONGEST_QUERY, shortened
from assistant.backends.server.protocol import Kind, Request, ServerReport


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("desktop", "ws://desktop:8998/api/chat"),
        ("desktop:9000", "ws://desktop:9000/api/chat"),
        ("http://desktop:9000/", "ws://desktop:9000/api/chat"),
        ("https://moshi.example", "wss://moshi.example/api/chat"),
        ("wss://moshi.example/voice", "wss://moshi.example/voice"),
        ("ws://[::1]:8998", "ws://[::1]:8998/api/chat"),
        ("ws://d:1/api/chat?seed=3", "ws://d:1/api/chat?seed=3"),
    ],
)
def test_an_address_is_completed(written: str, meant: str) -> None:
    assert protocol.server_address(written) == meant


@pytest.mark.parametrize("written", ["ftp://x", "ws://", "ws://x:99999", "ws://me:key@x", "ws://["])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        protocol.server_address(written)


def test_a_persona_replaces_what_the_address_says() -> None:
    url = protocol.with_query("ws://d/api/chat?seed=3&text_prompt=old", {"text_prompt": "a & b"})
    assert protocol.query_of(url) == {"seed": "3", "text_prompt": "a & b"}


@pytest.mark.parametrize("name", ["NATF2.pt", "my voice_1", "a"])
def test_a_voice_has_a_name(name: str) -> None:
    assert protocol.plain_voice(name) == name


@pytest.mark.parametrize(
    "name", ["../a", "/a", "a/b", "..", ".a", "a\0", "", "a" * 200, "a\\b", None]
)
def test_a_path_is_no_voice(name: str | None) -> None:
    assert protocol.plain_voice(name) is None


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(data: bytes) -> None:
    protocol.split(data)
    protocol.read_request(data)
    protocol.read_report(data)
    text = protocol.read_text(data, limit=50)
    assert len(text) <= 50
    assert text == "" or text.isprintable()


@given(st.text(max_size=300), st.integers(), st.booleans())
def test_what_is_asked_arrives(text: str, number: int, final: bool) -> None:
    number %= 1 << 40
    asked = Request(say=protocol.SayRequest(number, text, final), inject=text)
    try:
        message = protocol.metadata(asked)
    except UnicodeEncodeError:
        return  # half a character, which no wire carries
    assert message[0] == Kind.METADATA
    assert protocol.read_request(message[1:]) == asked


def test_foreign_metadata_is_no_report() -> None:
    assert protocol.read_report(b'{"lm_temp": 0.8}') == ServerReport()
    assert protocol.read_report(b'{"queue": "many"}') is None
    assert protocol.read_report(b"[" * 100_000) is None
    assert protocol.read_request(b'{"inject": "' + b"a" * 20_000 + b'"}') is None


def test_a_long_prompt_is_cut_at_a_word() -> None:
    text = "ünder " * 2000
    cut = shortened(text)
    assert text.startswith(cut)
    assert cut.endswith("ünder")
    assert len(protocol.with_query("ws://d", {"t": cut})) < LONGEST_QUERY + 100
    assert shortened("short") == "short"
