"""What goes wrong with a model hub, in words that a person can act on."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.backends.base import BackendError
from assistant.models import web


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
