"""Memory as a git repository: a commit after each change, where the user made one and wants it.

A history keeps what is deleted from the files. So forgetting, where the history is on, makes one
commit of what is left and deletes all the others for good: the history ends there. Clones, and
repositories that it was pushed to, cannot be reached from here.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from pathlib import Path

from assistant.memory.base import MemoryFailure

TIMEOUT = 60.0
"""Seconds for one command of git."""
IGNORED = ("*.tmp", ".lock", "*.sqlite*", "*.db*")
_WHO = ("-c", "user.name=assistant", "-c", "user.email=assistant@localhost")
_QUIET = ("-c", "commit.gpgsign=false", "-c", "gc.auto=0", "-c", "core.hooksPath=/dev/null")

_log = logging.getLogger(__name__)


class GitLog:
    """The repository whose top is `folder`. Where there is none, or no git, nothing happens."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._git = shutil.which("git")

    @property
    def active(self) -> bool:
        """A repository further up is somebody else's and is left alone."""
        return self._git is not None and (self._folder / ".git").is_dir()

    def commit(self, what: str) -> bool:
        """Whether there was something to commit. A failure is logged: the files are written."""
        if not self.active:
            return False
        try:
            self._add()
            if not self._run("status", "--porcelain"):
                return False
            self._run("commit", "--quiet", "--no-verify", "-m", what)
        except MemoryFailure as failure:
            _log.warning("%s", failure.message)
            return False
        return True

    def squash(self) -> None:
        """Make the history one commit of what is there now, and delete the rest for good.

        Branches, tags, stashes and remembered states of remotes go too: they may hold what was
        forgotten. Raises `MemoryFailure` where that fails, since then it is not forgotten.
        """
        if not (self._folder / ".git").is_dir():
            return
        if self._git is None:
            raise MemoryFailure(
                f"{self._folder}: forgotten in the files, but not in their git history",
                "Install git and forget it again, or delete the .git folder there.",
            )
        self._add()
        tree = self._run("write-tree")
        commit = self._run("commit-tree", tree, "-m", "What is remembered")
        head = self._run("symbolic-ref", "--quiet", "HEAD", allow=True) or "refs/heads/main"
        for name in self._run("for-each-ref", "--format=%(refname)").split():
            self._run("update-ref", "--no-deref", "-d", name)
        self._run("update-ref", head, commit)
        self._run("symbolic-ref", "HEAD", head)
        for name in (
            "ORIG_HEAD",
            "FETCH_HEAD",
            "COMMIT_EDITMSG",
            "MERGE_HEAD",
            "logs",
            "AUTO_MERGE",
        ):
            path = self._folder / ".git" / name
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(True)
        self._run("reflog", "expire", "--expire=now", "--expire-unreachable=now", "--all")
        self._run("gc", "--quiet", "--prune=now")

    def _add(self) -> None:
        exclude = self._folder / ".git" / "info" / "exclude"
        try:
            known = exclude.read_text(encoding="utf-8") if exclude.exists() else ""
            if missing := [each for each in IGNORED if each not in known.split("\n")]:
                exclude.parent.mkdir(exist_ok=True)
                exclude.write_text("\n".join([known.rstrip("\n"), *missing, ""]), encoding="utf-8")
        except OSError as error:
            raise MemoryFailure(f"{exclude}: {error.strerror or error}") from None
        self._run("add", "--all", "--", ".")

    def _run(self, *arguments: str, allow: bool = False) -> str:
        """`allow`: failing is an answer too, the empty one."""
        environ = {name: value for name, value in os.environ.items() if name[:4] != "GIT_"}
        environ |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
        command = [str(self._git), *_WHO, *_QUIET, *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=self._folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise MemoryFailure(f"{self._folder}: git does not answer ({error})") from None
        if done.returncode and not allow:
            told = (done.stderr.strip() or done.stdout.strip()).split("\n")[-1]
            raise MemoryFailure(
                f"{self._folder}: git {arguments[0]} failed ({told[:200]})",
                f"See `git -C {self._folder} status`.",
            )
        return done.stdout.strip() if not done.returncode else ""
