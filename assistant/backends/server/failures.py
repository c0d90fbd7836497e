"""Why a Moshi server cannot be reached, in words, and what to do about it."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidProxy,
    InvalidStatus,
    InvalidURI,
    ProxyError,
)

from assistant.backends.base import BackendError
from assistant.backends.server import protocol
from assistant.backends.server.protocol import PATH
from assistant.models.web import proxy_for, unusable


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server is, and how to be let in."""

    url: str
    """As `protocol.server_address` gives it."""
    token: str | None = None
    token_env: str = ""
    """Name of the variable that holds the token, for messages."""
    verify: bool = True
    ca_file: str | None = None
    voice: str = ""
    """The persona's voice, where it was asked for by the address: a server without it hangs up."""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def place(self) -> str:
        """Host and port; never the query, which may be long."""
        return urlsplit(self.url).netloc


class ServerRefused(Exception):
    """The server is there and says no, in its own words (`busy: …`)."""


class NoHandshake(Exception):
    """Connected, but the model was not handed over: closed, or nothing in time."""


def tls_for(address: Address) -> ssl.SSLContext | None:
    """Raises `BackendError` where the certificate authority's file cannot be read."""
    if not address.url.startswith("wss://"):
        return None
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
    except (OSError, ValueError) as error:
        raise BackendError(
            f"the certificate authority {address.ca_file} cannot be read: {error}",
            "look at backend.server.ca_file in the config",
        ) from None
    if not address.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def explained(error: BaseException, address: Address) -> BackendError:
    """What went wrong between us and the server."""
    match error:
        case BackendError():
            return error
        case ServerRefused() | NoHandshake() | ConnectionClosed():
            return _hung_up(error, address)
        case ssl.SSLError():
            return _tls(error, address)
        case InvalidStatus():
            return _status(error.response.status_code, address)
        case ProxyError():
            return BackendError(
                f"the proxy{_named(address)} on the way to {address.place} refuses: {error}",
                "look at the variables http_proxy, https_proxy and no_proxy",
            )
        case ImportError() | InvalidProxy():
            bad = unusable(address.url, error)
            return BackendError(bad.message, bad.remedy)
        case InvalidURI():
            return BackendError(f"no address of a server: {error}", _LOOK_AT_URL)
        case InvalidHandshake() | EOFError() | ConnectionResetError():
            return _no_moshi(error, address)
        case _:
            return _network(error, address)


def _named(address: Address) -> str:
    proxy = proxy_for(address.url)
    return f" {proxy}" if proxy else ""


_LOOK_AT_URL = "look at backend.server.url in the config"


def _no_moshi(error: BaseException, address: Address) -> BackendError:
    if address.url.startswith("wss://"):
        return BackendError(
            f"what listens at {address.place} is no Moshi server with TLS",
            "a server without TLS is ws://… in backend.server.url",
        )
    why = f" ({error})" if str(error) else ""
    return BackendError(
        f"what listens at {address.place} is no Moshi server{why}",
        f"{_LOOK_AT_URL}; a server with TLS is wss://…",
    )


def _network(error: BaseException, address: Address) -> BackendError:
    match error:
        case ConnectionRefusedError():
            return BackendError(
                f"nothing listens at {address.place}",
                "start the server there (assistant serve-moshi, python -m moshi.server), or "
                + _LOOK_AT_URL,
            )
        case socket.gaierror():
            return BackendError(
                f"there is no machine called {address.host}",
                f"{_LOOK_AT_URL}, and whether this machine is on the network",
            )
        case TimeoutError() | asyncio.TimeoutError():
            return BackendError(
                f"{address.place} does not answer",
                "is the machine on, and does its firewall let you in?",
            )
        case OSError():
            return BackendError(
                f"{address.place} cannot be reached: {_words(error)}",
                f"is there a network? Else {_LOOK_AT_URL}",
            )
        case _:
            return BackendError(
                f"the connection to {address.place} failed: {type(error).__name__}: {error}",
                _LOOK_AT_URL,
            )


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _tls(error: ssl.SSLError, address: Address) -> BackendError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return BackendError(
            f"the certificate of {address.place} is not trusted: {error.verify_message}",
            "give its authority as backend.server.ca_file, or turn backend.server.verify off",
        )
    return BackendError(
        f"no TLS with {address.place}: {error.reason or error}",
        "a server without TLS is ws://… in backend.server.url",
    )


def _status(status: int, address: Address) -> BackendError:
    variable = address.token_env
    if status == 401:
        given = "does not take the token of" if address.token else "wants a token, none is in"
        return BackendError(
            f"{address.place} {given} {variable}",
            f"set the environment variable {variable} to the server's token",
        )
    if status == 403:
        return BackendError(
            f"{address.place} does not let you in (403)",
            f"is the token in {variable} the right one, and are you allowed to use the server?",
        )
    if status == 404:
        return BackendError(
            f"{address.place} has no Moshi at this path (404)",
            f"Moshi servers talk at {PATH}; {_LOOK_AT_URL}",
        )
    if 300 <= status < 400:
        return BackendError(
            f"{address.place} sends you to another address ({status})",
            "write that address into backend.server.url",
        )
    if status in (429, 502, 503, 504):
        return BackendError(
            f"{address.place} is busy or its model is down ({status})", "try again later"
        )
    return BackendError(f"what listens at {address.place} answers {status}", _LOOK_AT_URL)


def _hung_up(error: BaseException, address: Address) -> BackendError:
    if isinstance(error, ServerRefused):
        return BackendError(f"{address.place} says: {error}", "try again later")
    if isinstance(error, NoHandshake):
        remedy = "somebody else talks to it, or it is no Moshi server; try again later"
        if address.voice:
            remedy += f"; a PersonaPlex server also has to have the voice {address.voice}"
        return BackendError(f"{address.place} {error}", remedy)
    return BackendError(f"{address.place} hung up ({error})", "is the server still running?")


# The config's `[backend.server]` table, as the backend uses it.

Options = Mapping[str, str | int | float | bool | None]

LONGEST_QUERY = 5_000
"""Bytes of a persona's text in an address: servers read lines of 8 KiB."""


def address_from(options: Options) -> Address:
    """Raises `BackendError` where no server is set, or no address is."""
    url = options.get("url")
    if not url:
        raise BackendError(
            "no Moshi server is set",
            "assistant config set backend.server.url ws://HOST:8998/api/chat",
        )
    try:
        address = protocol.server_address(str(url))
    except ValueError as error:
        raise BackendError(f"{url}: {error}", "write ws://HOST:8998/api/chat or wss://…") from None
    variable = str(options.get("token_env") or "")
    token = os.environ.get(variable, "").strip() if variable else ""
    if not (token.isascii() and token.isprintable()):
        raise BackendError(
            f"the token in {variable} has characters that cannot be sent",
            "set the variable again, without line breaks",
        )
    ca_file = options.get("ca_file")
    return Address(
        address,
        token=token or None,
        token_env=variable,
        verify=bool(options.get("verify", True)),
        ca_file=os.path.expanduser(str(ca_file)) if ca_file else None,  # noqa: PTH111
    )


def shortened(text: str) -> str:
    """A prompt's text as long as an address may be, cut at a word."""
    if len(quote(text)) <= LONGEST_QUERY:
        return text
    words: list[str] = []
    size = 0
    for word in text.split():
        size += len(quote(word)) + 3
        if size > LONGEST_QUERY:
            break
        words.append(word)
    return " ".join(words)
