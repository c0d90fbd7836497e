"""Download of weights from a model hub: sizes first, resumed, checked file by file.

`huggingface_hub` tells what a repository holds and who may have it. The files themselves are
fetched here, because since its second version that library starts a broken download anew, which is
too much to ask for 15 GB.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from assistant.backends.base import BackendError
from assistant.locations import cache_dir
from assistant.models import web
from assistant.models.errors import RemoteFile, disk_full, fetch, gated, understood

Progress = Callable[[str, float | None], None]
"""What is being done, in words, and how much of it, 0…1 or None."""

_PIECE = 1 << 22
_LONGEST_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a repository, as the hub describes it."""

    name: str
    size: int | None
    sha256: str | None
    """Of large files; small ones carry git's own hash."""
    git_hash: str | None

    @property
    def blob(self) -> str:
        """What the Hugging Face cache calls its content."""
        return self.sha256 or self.git_hash or ""


@dataclass(frozen=True, slots=True)
class Listing:
    """What a repository holds at one commit."""

    repository: str
    commit: str
    files: tuple[HubFile, ...]
    endpoint: str | None = None
    """Address of the hub; None: the usual one."""

    def get(self, name: str) -> HubFile | None:
        return next((file for file in self.files if file.name == name), None)


def listing(repository: str, endpoint: str | None = None, revision: str | None = None) -> Listing:
    """The files of a repository, at a commit or in its newest state.

    Raises `BackendError`, also where the owner asks for an account and there is no token: better
    told before somebody agrees to a download than after.
    """
    from huggingface_hub import HfApi, constants, errors, get_token

    with understood(repository):
        # Older versions look at this only once in the life of a process.
        if constants.HF_HUB_OFFLINE:
            raise errors.OfflineModeIsEnabled(repository)
        with web.direct(endpoint or constants.ENDPOINT):
            hub = HfApi(endpoint=endpoint)
            info = hub.model_info(repository, revision=revision, files_metadata=True, timeout=15)
        if info.gated and get_token() is None:
            raise gated(repository)
    files = tuple(
        HubFile(s.rfilename, s.size, s.lfs.sha256 if s.lfs else None, s.blob_id)
        for s in info.siblings or []
    )
    return Listing(repository, _safe(info.sha or "main"), tuple(map(_checked, files)), endpoint)


def _checked(file: HubFile) -> HubFile:
    """What becomes a path on this machine must not lead out of its folder."""
    if any(part in ("", ".", "..") for part in re.split(r"[/\\]", file.name)):
        raise _strange(file.name)
    _safe(file.blob or "none")
    return file


def _safe(name: str) -> str:
    if re.fullmatch(r"[0-9A-Za-z_-]+", name) is None:
        raise _strange(name)
    return name


def _strange(name: str) -> BackendError:
    return BackendError(f"The hub calls a file “{name}”, which no file is called.", "Don't use it.")


def read_text(source: Listing, name: str) -> str:
    """A small text file of the repository, without keeping it. Raises `BackendError`."""
    with understood(source.repository):
        content = _source(source, name).read(_LONGEST_TEXT)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BackendError(
            f"{name} of {source.repository} is no text.", "Choose another repository."
        ) from error


def total_size(files: Iterable[HubFile]) -> int | None:
    """Bytes; None where the hub does not tell."""
    sizes = [file.size for file in files]
    return None if None in sizes else sum(size or 0 for size in sizes)


def download_to_folder(
    source: Listing, files: Sequence[HubFile], folder: Path, progress: Progress
) -> dict[str, str]:
    """Put files of a repository into `folder`, going on where an earlier try stopped.

    Returns each file's SHA-256. Raises `BackendError`; what was downloaded stays for the next try.
    """
    places = {file: folder / file.name for file in files}
    _download(source, places, folder, progress)
    with understood(source.repository):
        return {file.name: _sha256(place) for file, place in places.items()}


def download_to_cache(source: Listing, files: Sequence[HubFile], progress: Progress) -> Path:
    """Put files of a repository into the Hugging Face cache, where other programs find them too.

    Returns the snapshot's folder, which the cache calls the newest only when all files are there.
    Raises `BackendError`; what was downloaded stays for the next try.
    """
    folder = repository_folder(source.repository)
    blobs = folder / "blobs"
    _download(source, {file: blobs / file.blob for file in files}, blobs, progress)
    snapshot = folder / "snapshots" / source.commit
    with understood(source.repository):
        for file in files:
            _link(blobs / file.blob, snapshot / file.name)
        (folder / "refs").mkdir(parents=True, exist_ok=True)
        (folder / "refs" / "main").write_text(source.commit, encoding="ascii")
    return snapshot


def damage(path: Path, expected: str) -> str | None:
    """What is wrong with a file that should have this hash (SHA-256, or git's SHA-1), in words."""
    try:
        found = _sha256(path) if len(expected) == 64 else _git_hash(path)
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None if found == expected else "is not what was published (its hash differs)"


def _download(
    source: Listing, places: dict[HubFile, Path], folder: Path, progress: Progress
) -> None:
    """Each file to its place, small ones first. A file is only ever at its place when its hash is
    right."""
    name = source.repository.rsplit("/", 1)[-1]
    total = total_size(places)
    with _alone(source.repository), understood(source.repository, folder):
        folder.mkdir(parents=True, exist_ok=True)
        present = sum(_present(place) for place in places.values())
        if total is not None and shutil.disk_usage(folder).free < total - present:
            raise disk_full(folder, total - present)
        done = 0

        def tell(bytes_now: int) -> None:
            now = done + bytes_now
            of = f" of {_gigabytes(total)}" if total else ""
            fraction = min(1.0, now / total) if total else None
            progress(f"Downloading {name}: {_gigabytes(now)}{of} GB", fraction)

        for file, place in sorted(places.items(), key=lambda item: item[0].size or 0):
            progress(f"Checking {file.name}", done / total if total else None)
            if not place.is_file() or _is_damaged(place, file):
                place.parent.mkdir(parents=True, exist_ok=True)
                _fetch_checked(source, file, place, tell)
            done += file.size or 0
            tell(0)
    progress(f"Downloaded {name}", 1.0)


def _fetch_checked(
    source: Listing, file: HubFile, place: Path, tell: Callable[[int], None]
) -> None:
    partial = place.with_name(place.name + ".incomplete")
    fetch(_source(source, file.name), partial, file.size, tell)
    if _is_damaged(partial, file):
        partial.unlink(missing_ok=True)
        raise BackendError(
            f"The download of {file.name} from {source.repository} was damaged on the way.",
            "Try again; the damaged file was deleted.",
        )
    partial.replace(place)


def _is_damaged(path: Path, file: HubFile) -> bool:
    return bool(file.blob) and damage(path, file.blob) is not None


@contextmanager
def _alone(repository: str) -> Iterator[None]:
    """Two downloads at once would write into the same partial file."""
    from filelock import FileLock, Timeout

    place = cache_dir() / "locks" / f"{repository.replace('/', '--')}.lock"
    with understood(repository, place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place, timeout=0):
            yield
    except Timeout as error:
        raise BackendError(
            f"{repository} is being downloaded by another process.", "Wait for it to end."
        ) from error


def _present(place: Path) -> int:
    for path in (place, place.with_name(place.name + ".incomplete")):
        with suppress(OSError):
            return path.stat().st_size
    return 0


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f}" if size < 1e10 else f"{size / 1e9:.1f}"


def _source(source: Listing, name: str) -> RemoteFile:
    from huggingface_hub import constants

    base = source.endpoint or constants.ENDPOINT
    url = f"{base}/{source.repository}/resolve/{source.commit}/{quote(name)}"
    return RemoteFile(source.repository, url)


def _link(blob: Path, pointer: Path) -> None:
    """A relative link, as the cache has them; a second name for the file where links are not
    allowed (Windows)."""
    if pointer.exists():
        return
    pointer.parent.mkdir(parents=True, exist_ok=True)
    pointer.unlink(missing_ok=True)
    try:
        pointer.symlink_to(os.path.relpath(blob, pointer.parent))
    except OSError:
        os.link(blob, pointer)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _git_hash(path: Path) -> str:
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


# What the Hugging Face cache of this machine holds, found without importing its library.


def cache_root() -> Path:
    """`HF_HUB_CACHE`, else `hub` in `HF_HOME`, as the hub's own library takes them."""
    cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if not cache:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        home = os.environ.get("HF_HOME") or os.path.join(base, "huggingface")  # noqa: PTH118
        cache = os.path.join(home, "hub")  # noqa: PTH118
    return Path(os.path.expandvars(cache)).expanduser()


def repository_folder(repository: str) -> Path:
    """Where a repository's files are kept, whether there are any or not."""
    return cache_root() / "--".join(["models", *repository.split("/")])


def snapshot(repository: str) -> Path | None:
    """The newest state of a repository on this machine, which need not be complete."""
    folder = repository_folder(repository)
    try:
        commit = (folder / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    found = folder / "snapshots" / commit
    return found if commit and found.is_dir() else None


def cached_file(repository: str, name: str) -> Path | None:
    """One file of a repository, if it is on this machine."""
    place = snapshot(repository)
    return place / name if place is not None and (place / name).is_file() else None
