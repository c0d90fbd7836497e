"""Who may see the page's conversation: a token, shown once and exchanged for a cookie."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from http.cookies import SimpleCookie

from starlette.requests import HTTPConnection
from starlette.responses import Response

from assistant.locations import web_dir
from assistant.private_files import write_whole

TOKEN_BYTES = 24
COOKIE_SECONDS = 30 * 24 * 3600
_PATIENCE = 5
"""Wrong tokens of one address that cost nothing."""
_LONGEST_WAIT = 300.0
"""Seconds that an address waits at most until it may try again."""
_MOST_PLACES = 1000


def kept_token(*, anew: bool = False) -> str:
    """The token of this user's pages: the same every time, so that a phone has to be let in once
    only, until a new one is asked for. Raises `OSError`, `AssistantError`."""
    path = web_dir() / "token"
    if not anew:
        try:
            if len(token := path.read_text("ascii").strip()) >= TOKEN_BYTES:
                return token
        except (FileNotFoundError, UnicodeDecodeError):
            pass
    token = secrets.token_urlsafe(TOKEN_BYTES)
    write_whole(path, token.encode())
    return token


class Entry:
    """Exchanges the token for a cookie, and knows it again. A cookie is worth nothing once there is
    another token."""

    def __init__(
        self, token: str, port: int, *, secure: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`secure`: the page is served over TLS. `clock` gives seconds."""
        self._token = token
        # Browsers send a cookie to every port of a machine: two of ours must not overwrite it.
        self._name = f"assistant-{port}"
        self._secure = secure
        self._clock = clock
        self._tries: dict[str, tuple[int, float]] = {}
        """Address → wrong tokens in a row, and when it may try again."""

    @property
    def _value(self) -> str:
        return hmac.new(self._token.encode(), b"page cookie 1", hashlib.sha256).hexdigest()

    def knows(self, request: HTTPConnection) -> bool:
        """Whether the request brings the cookie."""
        jar: SimpleCookie = SimpleCookie()
        try:
            jar.load(request.headers.get("cookie", ""))
        except Exception:  # a header may hold anything
            return False
        given = jar[self._name].value if self._name in jar else ""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self._value.encode())

    def wait(self, place: str) -> float:
        """Seconds until this address may try a token."""
        _, until = self._tries.get(place, (0, 0.0))
        return max(0.0, until - self._clock())

    def admits(self, token: str, place: str) -> bool:
        if hmac.compare_digest(token.encode("utf-8", "surrogatepass"), self._token.encode()):
            self._tries.pop(place, None)
            return True
        wrong = self._tries.pop(place, (0, 0.0))[0] + 1
        pause = min(_LONGEST_WAIT, 2.0 ** (wrong - _PATIENCE)) if wrong >= _PATIENCE else 0.0
        self._tries[place] = (wrong, self._clock() + pause)
        while len(self._tries) > _MOST_PLACES:
            self._tries.pop(next(iter(self._tries)))
        return False

    def give_cookie(self, response: Response) -> None:
        response.set_cookie(
            self._name,
            self._value,
            max_age=COOKIE_SECONDS,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
