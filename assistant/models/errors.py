"""What goes wrong with a model hub, in words that a person can act on."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant import __version__
from assistant.backends.base import BackendError
from assistant.models import web

if TYPE_CHECKING:
    import httpx


@contextmanager
def understood(repository: str, folder: Path | None = None) -> Iterator[None]:
    """Turn whatever goes wrong with the hub, or on the way into `folder`, into a `BackendError`
    with its remedy."""
    from huggingface_hub import constants, errors, get_token

    try:
        yield
    except BackendError:
        raise
    except errors.GatedRepoError as error:
        raise gated(repository) from error
    except errors.RepositoryNotFoundError as error:
        private = "" if get_token() else " If it is private, log in with `hf auth login`."
        raise BackendError(
            f"The hub knows no repository {repository}.", f"Check its name.{private}"
        ) from error
    except errors.OfflineModeIsEnabled as error:
        raise BackendError(
            "Downloads are switched off by HF_HUB_OFFLINE.",
            "Unset it, or choose weights that are already here.",
        ) from error
    except errors.HfHubHTTPError as error:
        raise refused(repository, getattr(error.response, "status_code", 0)) from error
    except errors.HFValidationError as error:
        raise BackendError(
            f"“{repository}” is no name of a repository.", "They are called owner/name."
        ) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise disk_full(folder or Path(error.filename or "."), None) from error
        if isinstance(error, PermissionError):
            raise BackendError(
                f"{error.filename or folder} cannot be written.", "Check the folder's permissions."
            ) from error
        raise unreachable(error) from error
    except Exception as error:
        if is_network(error):
            raise unreachable(error) from error
        if (isinstance(error, ImportError) and "socks" in str(error).lower()) or (
            isinstance(error, ValueError) and "proxy" in str(error).lower()
        ):
            bad = web.unusable(constants.ENDPOINT, error)
            raise BackendError(bad.message, bad.remedy) from error
        raise


def is_network(error: Exception) -> bool:
    """The hub's library has changed its HTTP client twice; what all have in common is the name."""
    return type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "requests")


def gated(repository: str) -> BackendError:
    """The owner gives the files only to those who accepted a licence."""
    from huggingface_hub import constants, get_token

    page = f"{constants.ENDPOINT}/{repository}"
    if get_token() is None:
        return BackendError(
            f"{repository} is only given to people with an account; there is no token.",
            f"Accept its licence at {page}, then log in with `hf auth login`, or set HF_TOKEN.",
        )
    return BackendError(
        f"Your account has not accepted the licence of {repository}.",
        f"Accept it at {page}, then try again.",
    )


def refused(repository: str, status: int) -> BackendError:
    """The hub answered, but not with the file."""
    if status in (401, 403):
        return BackendError(
            f"The hub refuses {repository} to you.",
            "Log in with `hf auth login`; where HF_TOKEN is set, it may have expired.",
        )
    if status == 429:
        return BackendError("The hub has had too many requests.", "Try again in some minutes.")
    return BackendError(f"The hub answered with error {status}.", "Try again later.")


def unreachable(error: Exception) -> BackendError:
    proxy = web.proxy_for(_asked(error))
    through = f" through the proxy {proxy}" if proxy else ""
    return BackendError(
        f"The model hub cannot be reached{through} ({type(error).__name__}).",
        "Check the network; what was downloaded is kept, and the next try goes on from there.",
    )


def _asked(error: Exception) -> str:
    """The address that was asked, where the error still knows it."""
    from huggingface_hub import constants

    try:
        return str(error.request.url)  # type: ignore[attr-defined]
    except (AttributeError, RuntimeError):
        return constants.ENDPOINT


def disk_full(folder: Path, needed: int | None) -> BackendError:
    size = f" {needed / 1e6:,.0f} MB more are needed." if needed else ""
    return BackendError(
        f"The disk of {folder} is full.{size}", "Free some space, then try again: it goes on."
    )


# One file over HTTP into a partial file, going on where that stops.

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
