"""The config's `[backend.server]` table, as the backend uses it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import quote

from assistant.backends.base import BackendError
from assistant.backends.server import protocol
from assistant.backends.server.failures import Address

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
