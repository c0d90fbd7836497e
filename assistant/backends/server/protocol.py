"""The WebSocket protocol of Moshi servers, and what our own server adds to it. Pure: no sockets.

Every message is binary: one byte of kind, then its payload. Kyutai's servers (Python, Rust, MLX)
and NVIDIA's PersonaPlex speak it at `/api/chat`:

    0  handshake   the model is yours now; any payload (Python sends none, Rust eight bytes)
    1  sound       Ogg/Opus, 24 kHz mono, one continuous stream each way
    2  text        UTF-8, a piece of what the assistant says, " " where a word begins
    3  control     (unused by the servers at hand)
    4  metadata    JSON
    5  error       UTF-8
    6  ping

Whoever does not know a kind leaves it alone. Foreign servers take the persona as query parameters
(`text_prompt`, `voice_prompt`) when the connection is made.

Our own server says so by the header `Assistant-Moshi: 1` of its answer to the upgrade, and both
sides then use metadata messages, which foreign peers ignore. Each is one JSON object; unknown keys
are left alone.

    server → client   {"queue": 2}                     before the handshake: two people before you
                      {"hello": {"engine": …}}         right after the handshake, see `ServerHello`
                      {"begin": {"said": 7}}           what follows is one utterance (`said`: the
                                                       number of the `say` it answers, or null) …
                      {"end": true}                    … up to here
                      {"call": "TOOL_CALL: {…}"}       the model wrote a tool call; sound and text
                                                       of it are left out
                      {"lag": {"seconds": 1.2, …}}     the model is behind
                      {"notice": "…"}                  for a person to read
    client → server   {"say": {"utterance": 7, "text": "…", "final": true}}
                      {"persona": {"text": "…", …}}    become this persona: a new conversation
                      {"inject": "…"}                  know this, don't say it
                      {"interrupt": true}              stop speaking
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from assistant.frames import Prosody

PATH = "/api/chat"
OWN_HEADER = "Assistant-Moshi"
"""Header of our own server's answer; its value is the version of the additions."""
VERSION = "1"
MAX_MESSAGE = 256 * 1024
"""Bytes; 80 ms of sound take about 400, and a peer must not fill our memory."""
MAX_TEXT = 16_000
"""Characters of a prompt, of a text to say or of a context."""
MAX_PIECE = 1_000
"""Characters of one piece of the assistant's words."""

LongText = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
Name = Annotated[str, msgspec.Meta(max_length=200)]
_VOICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,99}")


class Kind(IntEnum):
    """First byte of a message."""

    HANDSHAKE = 0
    SOUND = 1
    TEXT = 2
    CONTROL = 3
    METADATA = 4
    ERROR = 5
    PING = 6


class SayRequest(msgspec.Struct, frozen=True):
    """Speak this piece, as `frames.Say`."""

    utterance: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
    text: LongText
    final: bool
    rate: float = 1.0
    prosody: Prosody = Prosody()


class PersonaRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a persona puts before a conversation, as far as it can travel."""

    slug: Name = "guest"
    name: Name = "Guest"
    text: LongText = ""
    voice_prompt: Name | None = None
    """Name of one of the server's voices; recordings stay where they are."""
    temperature: float = 0.8
    text_temperature: float = 0.7


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Metadata from client to server."""

    say: SayRequest | None = None
    persona: PersonaRequest | None = None
    inject: LongText | None = None
    interrupt: bool = False


class ServerHello(msgspec.Struct, frozen=True, kw_only=True):
    """What our own server says of its model."""

    engine: Name
    say: bool = False
    prosody: bool = False
    text_prompt: bool = False
    voice_prompt: bool = False
    full_duplex: bool = True


class Begin(msgspec.Struct, frozen=True):
    said: int | None = None


class Behind(msgspec.Struct, frozen=True):
    seconds: float
    dropped: int


class ServerReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Metadata from server to client."""

    queue: int | None = None
    hello: ServerHello | None = None
    begin: Begin | None = None
    end: bool = False
    call: LongText | None = None
    lag: Behind | None = None
    notice: LongText | None = None


_json = msgspec.json.Encoder()
_requests = msgspec.json.Decoder(Request)
_reports = msgspec.json.Decoder(ServerReport)


def sound(ogg: bytes) -> bytes:
    return bytes((Kind.SOUND,)) + ogg


def text(piece: str) -> bytes:
    return bytes((Kind.TEXT,)) + piece.encode()


def error(message: str) -> bytes:
    return bytes((Kind.ERROR,)) + message.encode()


def metadata(message: Request | ServerReport) -> bytes:
    return bytes((Kind.METADATA,)) + _json.encode(message)


def split(message: bytes | str) -> tuple[int, bytes] | None:
    """Kind and payload; None for what is no message of this protocol (text frames, nothing)."""
    if not isinstance(message, bytes) or not message:
        return None
    return message[0], message[1:]


def read_text(payload: bytes, limit: int = MAX_PIECE) -> str:
    """UTF-8 of a stranger: what cannot be read becomes "�", control characters a space."""
    decoded = payload[: 4 * limit].decode("utf-8", "replace")[:limit]
    return "".join(c if c.isprintable() else " " for c in decoded)


def read_request(payload: bytes) -> Request | None:
    """None for what is no request, is too long or of the wrong types."""
    try:
        return _requests.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def read_report(payload: bytes) -> ServerReport | None:
    """None for what is no report of our own server (foreign metadata, say)."""
    try:
        return _reports.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def plain_voice(name: str | None) -> str | None:
    """The name of a server's voice, or None where it is a path or anything else than a name."""
    if name is None or not _VOICE.fullmatch(name) or ".." in name:
        return None
    return name


def server_address(url: str) -> str:
    """The address as a person may write it, as a WebSocket address.

    `desktop`, `desktop:8998`, `https://desktop` and `ws://desktop:8998/api/chat?seed=1` will do.
    Raises `ValueError` with what is wrong with it.
    """
    written = url.strip()
    if "://" not in written:
        written = f"ws://{written}"
    parts = urlsplit(written)
    scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
    if scheme not in ("ws", "wss"):
        raise ValueError(f"“{parts.scheme}://” is no address of a Moshi server")
    if not parts.hostname:
        raise ValueError("the address names no host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("keys do not belong into the address")
    port = parts.port  # raises ValueError where it is no port
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    if port is None and scheme == "ws":
        port = 8998
    place = host if port is None else f"{host}:{port}"
    path = parts.path if parts.path not in ("", "/") else PATH
    return urlunsplit((scheme, place, path, parts.query, ""))


def with_query(address: str, parameters: dict[str, str]) -> str:
    """`address` with these parameters instead of any it has of the same names."""
    parts = urlsplit(address)
    kept = [pair for pair in parse_qsl(parts.query, True) if pair[0] not in parameters]
    return urlunsplit(parts._replace(query=urlencode([*kept, *parameters.items()])))


def query_of(address: str) -> dict[str, str]:
    """Query parameters of an address or of a request's path; the last of a name counts."""
    return dict(parse_qsl(urlsplit(address).query, True, max_num_fields=50))
