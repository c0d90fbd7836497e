"""Memory as a git repository: a commit after each change, where the user made one and wants it.

A history keeps what is deleted from the files. So forgetting, and sealing, where there is a
history, make a new repository of what is left and delete the old one for good: the history ends
there. Clones, and repositories that it was pushed to, cannot be reached from here.
"""

from __future__ import annotations

import logging
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from assistant.memory.base import MemoryFailure
from assistant.memory.store.disk import SEALED

TIMEOUT = 60.0
"""Seconds for one command of git."""
IGNORED = ("*.tmp", ".lock", "*.sqlite*", "*.db*", ".git-*", ".encrypting*", ".decrypting*")
ONLY_SEALED = ("*", "!*/", f"!*{SEALED}")
"""Goes before those: of a memory that is sealed nothing else is committed."""
STALE = 2 * TIMEOUT
"""Seconds after which a lock of git is what a killed one left behind."""
UNFINISHED = "assistant-unfinished"
"""A file in a repository that still holds what is to be forgotten."""
SEAL = "assistant-sealed"
"""A file in a repository that was made anew of sealed files, and never held others."""
_ANEW = "anew"
_OLD = ".git-old"
_KEPT = ("config", "description", "hooks", "info")
"""What a repository that is made anew has of the old one."""
_CHUNK = 200
"""Objects that are looked at in one go."""
_WHO = ("-c", "user.name=assistant", "-c", "user.email=assistant@localhost")
_QUIET = ("-c", "commit.gpgsign=false", "-c", "gc.auto=0", "-c", "core.hooksPath=/dev/null")

_log = logging.getLogger(__name__)


class GitLog:
    """The repository whose top is `folder`. Where there is none, or no git, nothing happens.

    To be used with the lock of the folder held, but for `readable`.
    """

    def __init__(self, folder: Path, *, sealed: bool = False) -> None:
        """`sealed`: nothing but sealed files is ever put in."""
        self._folder = folder
        self._place = folder / ".git"
        self._sealed = sealed
        self._git = shutil.which("git")

    @property
    def active(self) -> bool:
        """A repository further up is somebody else's and is left alone."""
        return self._git is not None and self._place.is_dir()

    @property
    def clean(self) -> bool:
        """Whether there is none, or it holds only what it may: nothing was interrupted, and where
        memory is sealed it was made anew since."""
        if self._is_torn() or (self._place / UNFINISHED).exists():
            return False
        return not self._place.is_dir() or not self._sealed or (self._place / SEAL).exists()

    def commit(self, what: str) -> bool:
        """Whether there was something to commit. A failure is logged: the files are written."""
        if not self.active:
            return False
        try:
            self._unlock()
            self._add(self._place)
            if not self._run("status", "--porcelain"):
                return False
            self._run("commit", "--quiet", "--no-verify", "-m", what)
        except MemoryFailure as failure:
            _log.warning("%s", failure.message)
            return False
        return True

    def doom(self) -> None:
        """From now on the history is to be cut off, by `squash` or at the next start. Raises
        `MemoryFailure`."""
        if self._place.is_dir():
            try:
                (self._place / UNFINISHED).touch(0o600)
            except OSError as error:
                raise self._failed(error) from None

    def resume(self) -> None:
        """Go on with what was interrupted. Raises `MemoryFailure`."""
        self.repair()
        if (self._place / UNFINISHED).exists():
            self.squash()

    def squash(self) -> None:
        """Make the history one commit of what is there now, and delete the rest for good.

        A new repository takes the place of the old one, so that nothing stays of branches, tags,
        stashes, logs, packs, and of what a killed git left behind; its settings are kept. Raises
        `MemoryFailure` where that fails, since then it is not gone.
        """
        self.repair()
        if not self._place.is_dir():
            return
        if self._git is None:
            raise MemoryFailure(
                f"{self._folder}: gone from the files, but not from their git history",
                "Install git and do it again, or delete the .git folder there.",
            )
        self.doom()
        try:
            self._make_anew(self._place / _ANEW)
            self._place.rename(self._folder / _OLD)
            self.repair()
        except OSError as error:
            raise self._failed(error) from None

    def repair(self) -> None:
        """Finish a `squash` that was interrupted. Raises `MemoryFailure`."""
        old = self._folder / _OLD
        try:
            if old.is_dir() and not self._place.exists():
                new = old / _ANEW
                (new if new.is_dir() else old).rename(self._place)
            for left in (old, self._place / _ANEW):
                if left.is_dir():
                    shutil.rmtree(left, onerror=_writable_first)
        except OSError as error:
            raise self._failed(error) from None

    def readable(self, opening: bytes) -> int:
        """How many contents in it, of any time and reachable or not, do not begin with `opening`.
        Raises `MemoryFailure` where nobody can look."""
        if not self._place.is_dir() and not self._is_torn():
            return 0
        if self._git is None:
            raise MemoryFailure(
                f"{self._folder}: nobody can look into its git history", "Install git."
            )
        objects = self._place / "objects"
        count = int(self._is_torn()) + sum(1 for _ in objects.glob("**/tmp_*"))
        told = self._run(
            "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"
        )
        blobs = [line.split()[1] for line in told.splitlines() if line.startswith("blob ")]
        for start in range(0, len(blobs), _CHUNK):
            count += self._unlike(blobs[start : start + _CHUNK], opening)
        return count

    def _is_torn(self) -> bool:
        return (self._folder / _OLD).is_dir() or (self._place / _ANEW).is_dir()

    def _make_anew(self, fresh: Path) -> None:
        self._run("init", "--quiet", "--bare", "--template=", str(fresh))
        for name in _KEPT:
            old = self._place / name
            if old.is_dir():
                shutil.copytree(old, fresh / name, dirs_exist_ok=True)
            elif old.is_file():
                shutil.copyfile(old, fresh / name)
        head = _text(self._place / "HEAD").strip()
        if not head.startswith("ref: refs/heads/"):
            head = "ref: refs/heads/main"
        (fresh / "HEAD").write_text(f"{head}\n", encoding="utf-8")
        here = (f"--git-dir={fresh}", f"--work-tree={self._folder}")
        self._add(fresh, *here)
        tree = self._run(*here, "write-tree")
        commit = self._run(*here, "commit-tree", tree, "-m", "What is remembered")
        self._run(*here, "update-ref", head.removeprefix("ref: "), commit)
        self._run(*here, "gc", "--quiet", "--prune=now")
        if self._sealed:
            (fresh / SEAL).touch()

    def _add(self, place: Path, *here: str) -> None:
        exclude = place / "info" / "exclude"
        try:
            known = _text(exclude).split("\n") if exclude.exists() else []
            others = [line for line in known if line and line not in (*IGNORED, *ONLY_SEALED)]
            wanted = [*others, *(ONLY_SEALED if self._sealed else ()), *IGNORED, ""]
            if known != wanted:
                exclude.parent.mkdir(exist_ok=True)
                exclude.write_text("\n".join(wanted), encoding="utf-8")
            if not self._sealed:
                (place / SEAL).unlink(missing_ok=True)
        except OSError as error:
            raise MemoryFailure(f"{exclude}: {error.strerror or error}") from None
        self._run(*here, "add", "--all", "--", ".")

    def _unlock(self) -> None:
        """A killed git leaves its lock, and no other would ever commit again."""
        for pattern in ("*.lock", "refs/**/*.lock"):
            for lock in self._place.glob(pattern):
                with suppress(OSError):
                    if time.time() - lock.stat().st_mtime > STALE:
                        lock.unlink()

    def _unlike(self, names: list[str], opening: bytes) -> int:
        given = "".join(f"{name}\n" for name in names).encode("ascii")
        data: bytes = self._asked(["cat-file", "--batch"], input=given).stdout
        count = place = 0
        while place < len(data):
            end = data.index(b"\n", place)
            size = int(data[place:end].rsplit(b" ", 1)[1])
            content = data[end + 1 : end + 1 + size]
            count += bool(content) and not content.startswith(opening)
            place = end + 1 + size + 1
        return count

    def _run(self, *arguments: str) -> str:
        return str(self._asked(list(arguments), text=True, errors="replace").stdout).strip()

    def _asked(self, arguments: list[str], **options: Any) -> subprocess.CompletedProcess[Any]:
        environ = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
        environ |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        try:
            done = subprocess.run(
                [str(self._git), *_WHO, *_QUIET, *arguments],
                cwd=self._folder,
                env=environ,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
                **options,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MemoryFailure(f"{self._folder}: git does not answer ({error})") from None
        if done.returncode:
            words = (done.stderr or done.stdout).strip()
            told = words if isinstance(words, str) else words.decode("utf-8", "replace")
            told = told.split("\n")[-1][:200]
            what = next(each for each in arguments if not each.startswith("-"))
            raise MemoryFailure(
                f"{self._folder}: git {what} failed ({told})",
                f"See `git -C {self._folder} status`.",
            )
        return done

    def _failed(self, error: OSError) -> MemoryFailure:
        return MemoryFailure(
            f"{self._folder}: its git history cannot be made anew ({error.strerror or error})",
            "Delete the .git folder there, or see to it that you may write in it.",
        )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _writable_first(delete: Callable[[str], object], path: str, error: Any) -> None:
    """Some systems delete no file that is read-only, as the objects of git are."""
    if isinstance(error[1], FileNotFoundError):
        return
    os.chmod(path, stat.S_IRWXU)  # noqa: PTH101
    delete(path)
