"""Download of weights through `huggingface_hub`, with errors that a person can act on."""

from __future__ import annotations

import errno
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from assistant.backends.base import BackendError

Progress = Callable[[str, float | None], None]

_WANTED = ("model.bin", "config.json", "tokenizer.json", "preprocessor_config.json", "vocabulary.*")
_NEEDED = ("model.bin", "config.json", "tokenizer.json")


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a repository, as the hub describes it."""

    name: str
    size: int | None
    sha256: str | None
    """Of large files; small ones carry git's own hash."""
    git_hash: str | None


def listing(repository: str, endpoint: str | None = None) -> list[HubFile]:
    """The files of a Whisper model in this repository. Raises `BackendError`."""
    from huggingface_hub import HfApi

    with _understood(repository):
        info = HfApi(endpoint=endpoint).model_info(repository, files_metadata=True, timeout=15)
    files = [
        HubFile(s.rfilename, s.size, s.lfs.sha256 if s.lfs else None, s.blob_id)
        for s in info.siblings or []
        if any(fnmatch(s.rfilename, pattern) for pattern in _WANTED)
    ]
    if not {file.name for file in files}.issuperset(_NEEDED):
        raise BackendError(
            f"The repository {repository} holds no Whisper weights for CTranslate2.",
            "Choose one made for faster-whisper.",
        )
    return files


def download(
    repository: str, folder: Path, progress: Progress, endpoint: str | None = None
) -> dict[str, str]:
    """Put the model's files into `folder`, going on where an earlier try stopped.

    Returns each file's SHA-256. Raises `BackendError`; what was downloaded stays for the next try.
    """
    from huggingface_hub import hf_hub_download

    files = listing(repository, endpoint)
    total = sum(file.size or 0 for file in files)
    with _understood(repository):
        folder.mkdir(parents=True, exist_ok=True)
    present = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    if shutil.disk_usage(folder).free < total - present:
        raise _disk_full(folder, total)
    hashes: dict[str, str] = {}
    done = 0
    for file in sorted(files, key=lambda f: f.size or 0):
        meter = _meter(f"Downloading {repository}: {file.name}", progress, done, total)
        with _understood(repository):
            path = hf_hub_download(
                repository, file.name, local_dir=folder, tqdm_class=meter, endpoint=endpoint
            )
            hashes[file.name] = _verified(Path(path), file, repository)
        done += file.size or 0
    progress(f"Downloaded {repository}", 1.0)
    return hashes


def _verified(path: Path, file: HubFile, repository: str) -> str:
    """SHA-256 of the file, after comparing it with what the hub says it should be."""
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    if file.sha256 is not None:
        right = sha256 == file.sha256
    elif file.git_hash is not None:
        content = path.read_bytes()
        git = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
        right = git.hexdigest() == file.git_hash
    else:
        right = True
    if not right:
        path.unlink(missing_ok=True)
        raise BackendError(
            f"The download of {file.name} from {repository} was damaged on the way.",
            "Try again; the damaged file was deleted.",
        )
    return sha256


def _meter(text: str, progress: Progress, before: int, total: int) -> type[Any]:
    """A progress bar class that draws nothing and tells `progress` how far all files are."""
    from tqdm.auto import tqdm  # type: ignore[import-untyped]

    class Meter(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            kwargs.pop("name", None)
            super().__init__(*args, **{**kwargs, "disable": True})
            self.n = kwargs.get("initial", 0) or 0

        def update(self, n: float | None = 1) -> bool | None:
            self.n += n or 0
            progress(text, min(1.0, (before + self.n) / total) if total else None)
            return None

    return Meter


@contextmanager
def _understood(repository: str) -> Iterator[None]:
    """Turn whatever goes wrong with the hub into a `BackendError` with its remedy."""
    from huggingface_hub import constants, errors, get_token

    page = f"{constants.ENDPOINT}/{repository}"
    try:
        yield
    except BackendError:
        raise
    except errors.GatedRepoError as error:
        if get_token() is None:
            message = f"{repository} is only given to people with an account; there is no token."
            remedy = "Log in with `hf auth login`, or set HF_TOKEN."
        else:
            message = f"Your account has not accepted the licence of {repository}."
            remedy = f"Accept it at {page}, then try again."
        raise BackendError(message, remedy) from error
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
        raise _refused(repository, getattr(error.response, "status_code", 0)) from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _disk_full(Path(error.filename or "."), None) from error
        if isinstance(error, PermissionError):
            raise BackendError(
                f"{error.filename} cannot be written.", "Check the folder's permissions."
            ) from error
        raise _unreachable(error) from error
    except Exception as error:
        # The hub's library has changed its HTTP client twice; what all have in common is the name.
        if type(error).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore", "requests"):
            raise _unreachable(error) from error
        raise


def _refused(repository: str, status: int) -> BackendError:
    if status in (401, 403):
        return BackendError(
            f"The hub refuses {repository} to you.",
            "Log in with `hf auth login`; where HF_TOKEN is set, it may have expired.",
        )
    if status == 429:
        return BackendError("The hub has had too many requests.", "Try again in some minutes.")
    return BackendError(f"The hub answered with error {status}.", "Try again later.")


def _unreachable(error: Exception) -> BackendError:
    return BackendError(
        f"The model hub cannot be reached ({type(error).__name__}).",
        "Check the network; what was downloaded is kept, and the next try goes on from there.",
    )


def _disk_full(folder: Path, needed: int | None) -> BackendError:
    size = f" {needed / 1e6:.0f} MB are needed." if needed else ""
    return BackendError(
        f"The disk of {folder} is full.{size}", "Free some space, then try again: it goes on."
    )
