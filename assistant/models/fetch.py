"""One file over HTTP into a partial file, going on where that stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import __version__
from assistant.backends.base import BackendError
from assistant.models import web
from assistant.models.errors import is_network, refused, unreachable

if TYPE_CHECKING:
    import httpx

_TRIES = 5
"""In a row without a single byte."""
_PIECE = 1 << 20
_TIMEOUT = 30.0


class _Again(Exception):
    """The hub has a bad moment."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on the hub."""

    repository: str
    url: str

    def check(self) -> None:
        """Ask whether we may have it. The hub's own library tells all its refusals apart; its
        errors are raised as they are."""
        from huggingface_hub import constants, errors, get_hf_file_metadata

        if constants.HF_HUB_OFFLINE:
            raise errors.OfflineModeIsEnabled(self.url)
        with web.direct(self.url):
            get_hf_file_metadata(self.url)

    def headers(self, start: int) -> dict[str, str]:
        from huggingface_hub import get_token

        # Compressed content could not be resumed.
        wanted = {"Accept-Encoding": "identity", "User-Agent": f"assistant/{__version__}"}
        if start:
            wanted["Range"] = f"bytes={start}-"
        if token := get_token():
            wanted["Authorization"] = f"Bearer {token}"
        return wanted

    def read(self, most: int) -> bytes:
        """The whole file, cut off after `most` bytes."""
        self.check()
        with _answer(self, 0) as answer:
            if answer.status_code != 200:
                raise refused(self.repository, answer.status_code)
            content = b""
            for piece in answer.iter_bytes(_PIECE):
                content += piece
                if len(content) >= most:
                    break
            return content[:most]


def fetch(source: RemoteFile, partial: Path, size: int | None, tell: Callable[[int], None]) -> None:
    """Fill `partial` to its `size`, keeping what is in it; `tell` gets the bytes that are there.

    Broken connections are taken up again, with growing rests. Raises `BackendError`, errors of
    `huggingface_hub`, `OSError`.
    """
    source.check()
    failures = 0
    while True:
        before = partial.stat().st_size if partial.is_file() else 0
        if size is not None and before > size:
            partial.unlink()
            before = 0
        if size is not None and before == size and partial.is_file():
            return tell(before)
        try:
            _go_on(source, partial, before, tell)
            if size is None or partial.stat().st_size == size:
                return None
            reason: Exception = _Again("the file ended early")
        except BackendError:
            raise
        except Exception as error:
            if not (isinstance(error, _Again) or is_network(error)):
                raise
            reason = error
        now = partial.stat().st_size if partial.is_file() else 0
        failures = 0 if now > before else failures + 1
        if failures >= _TRIES:
            raise unreachable(reason) from reason
        time.sleep(2.0**failures - 0.5)


@contextmanager
def _answer(source: RemoteFile, start: int) -> Iterator[httpx.Response]:
    """The hub's answer to a question for the file from byte `start` on. Raises `BackendError` where
    a proxy that is none leads to it."""
    try:
        client = web.client(source.url, follow_redirects=True, timeout=_TIMEOUT)
    except web.BadProxy as error:
        raise BackendError(error.message, error.remedy) from None
    with client, client.stream("GET", source.url, headers=source.headers(start)) as answer:
        yield answer


def _go_on(source: RemoteFile, partial: Path, start: int, tell: Callable[[int], None]) -> None:
    with _answer(source, start) as answer:
        if answer.status_code == 416:
            partial.unlink(missing_ok=True)
            raise _Again("the file is shorter than what is here")
        if answer.status_code >= 500:
            raise _Again(f"error {answer.status_code}")
        if answer.status_code not in (200, 206):
            raise refused(source.repository, answer.status_code)
        # 200 to a question for a part: the hub sends the whole file again.
        resumed = answer.status_code == 206
        done = start if resumed else 0
        with partial.open("ab" if resumed else "wb") as file:
            for piece in answer.iter_raw(_PIECE):
                file.write(piece)
                done += len(piece)
                tell(done)
