"""Keeps the profile as the journals are, and the journals as a person edits the profile."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from assistant.memory.base import MemoryFailure
from assistant.memory.profile.edits import Edited, ProfileFile
from assistant.memory.profile.profile import profile_of
from assistant.memory.store.journal_index import JournalIndex

_log = logging.getLogger(__name__)


@contextmanager
def may_wait(what: str) -> Iterator[None]:
    """Where this fails it is logged, and tried again at the next change or start."""
    try:
        yield
    except MemoryFailure as failure:
        _log.warning("memory: %s has to wait: %s", what, failure.message)


class ProfileUpkeep:
    """With the lock of the folder held."""

    def __init__(self, file: ProfileFile, journal_index: JournalIndex) -> None:
        self._file = file
        self._journal_index = journal_index
        self._edits_wait = False
        """The file holds what a person wrote and could not be taken over yet."""
        self._revision = -1
        """The state of the memories that it was made of."""

    def touched(self) -> bool:
        """Whether a person has edited it, or something else has."""
        return self._file.touched()

    def take_edits(self, store: Edited) -> set[str]:
        """What a person did to it is done to the journals; its kinds. What cannot be written now
        stays in the file."""
        kinds = set[str]()
        self._edits_wait, self._revision = True, -1
        with may_wait("edits by hand"):
            for edit in self._file.edits(self._journal_index.memories()):
                kinds.add(edit.kind)
                edit.apply(store)
            self._edits_wait = False
        return kinds

    def write(self) -> None:
        """Raises `MemoryFailure`, also where that would write over what a person wrote."""
        if self._edits_wait:
            raise MemoryFailure(
                f"{self._file.path}: what was edited by hand could not be taken over yet",
                "Free some room on the disk, or undo the edits.",
                "the profile holds edits that could not be taken over yet",
            )
        self._file.write(profile_of(self._journal_index.memories()))
        self._revision = self._journal_index.revision

    def follow(self) -> None:
        """Write it where the memories have changed."""
        if self._revision != self._journal_index.revision:
            with may_wait("the profile"):
                self.write()
