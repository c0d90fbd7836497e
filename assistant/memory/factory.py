"""Opens the store that the settings name, when it is first asked for and on the thread that asks.

Opening reads files and loads word vectors, which neither the start nor the event loop may wait for.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from assistant.config.plugins import PluginRegistry
from assistant.config.schema import STORE_PLUGINS, MemoryConfig
from assistant.locations import memory_dir, transcripts_dir, voice_cache_dir
from assistant.memory.base import (
    ANY,
    Claim,
    Defers,
    Filters,
    Forgotten,
    Found,
    Index,
    Journal,
    Memory,
    MemoryFailure,
    MemoryStore,
    Reports,
)
from assistant.memory.deletion.plan import DeletionPreview
from assistant.memory.store.contents import INDEX, MARKERS, SEALED_INDEX, Places
from assistant.memory.store.disk import PLAIN, Cipher, FolderLock, failure
from assistant.memory.store.git import GitLog
from assistant.memory.view import correct, preview, settle
from assistant.private_files import make_missing

PASSPHRASE = "ASSISTANT_MEMORY_PASSPHRASE"
"""Name of the environment variable that holds it; the passphrase itself is never written down."""
_log = logging.getLogger(__name__)


def open_store(config: MemoryConfig) -> LazyStore:
    """The store of these settings, not opened yet."""
    return LazyStore(lambda: _open_server(config) if config.server else _open_kept(config))


def open_store_in(config: MemoryConfig, places: Places) -> LazyStore:
    """The same in files of its own, whatever store these settings name: of another person."""
    return LazyStore(lambda: _open_files(config, places))


def _open_server(config: MemoryConfig) -> MemoryStore:
    from assistant.memory.remote.access import client_token
    from assistant.memory.remote.client import HttpStore

    return HttpStore(config.server, client_token())


def _open_kept(config: MemoryConfig) -> MemoryStore:
    name = config.store
    if name != "files" and config.encryption != "off":
        raise MemoryFailure(
            f"memory.encryption is on, and memory.store = {name} keeps plain text",
            'Set memory.store to "files", or memory.encryption to "off".',
        )
    with STORES.faults(name):
        store = STORES.get(name)(config)
        if not isinstance(store, MemoryStore):
            raise TypeError(f"it opened a {type(store).__name__}, which is no memory store")
        return store


def _open_files(config: MemoryConfig, places: Places | None = None) -> MemoryStore:
    from assistant.memory.store.files import FileStore

    places = places or places_of_memory()
    folder = places.folder
    try:
        make_missing(folder)
        if config.git:
            _begin_history(folder)
        cipher = _open_cipher(config, places)
        index = _sealed_index(cipher, folder) if cipher.ending else _open_index(folder / INDEX)
        file = folder / (SEALED_INDEX if cipher.ending else INDEX)
        return FileStore(
            folder,
            index,
            spare=_index_in_memory,
            unused=lambda: [] if list(index.paths()) else _files_of(file),
            cipher=cipher,
            transcripts=places.transcripts,
            caches=places.caches,
            history=GitLog(folder, sealed=bool(cipher.ending)) if config.git else None,
        )
    except OSError as error:
        raise MemoryFailure(
            f"nothing can be remembered in {folder}: {(error.strerror or str(error)).lower()}",
            "Look at the folder's permissions, or set memory.enabled = false.",
            failure(folder, error, "cannot be written").spoken,
        ) from error


OpenStore = Callable[[MemoryConfig], MemoryStore]
"""Called when memory is first used, on the thread that asks; may raise `MemoryFailure`."""


def _accept(plugin: object) -> OpenStore:
    if not callable(plugin):
        raise TypeError("it has to open a memory store for a MemoryConfig")
    opener: OpenStore = plugin
    return opener


_OURS = "In a clone of the assistant: pip install './plugins/assistant_memory_stores[{}]'"
STORES: PluginRegistry[OpenStore] = PluginRegistry(
    "assistant.memory_stores",
    "memory store",
    {"files": _open_files},
    _accept,
    error=MemoryFailure,
    remedies={name: _OURS.format(name) for name in STORE_PLUGINS},
)
"""Those that `memory.store` may name."""


def places_of_memory() -> Places:
    return Places(memory_dir(), transcripts_dir(), (voice_cache_dir(),))


def _open_cipher(config: MemoryConfig, places: Places) -> Cipher:
    """What the settings ask for. What an interruption, or a time before these settings, left
    otherwise is put right first; whether git is wanted or not, its history counts."""
    history = GitLog(places.folder, sealed=config.encryption != "off")
    if config.encryption == "off":
        _put_right(places, history)
        return PLAIN
    from assistant.memory.encryption.conversion import convert, is_unfinished

    cipher = open_key(config.encryption, places)
    if is_unfinished(places, history):
        convert(
            places.folder,
            PLAIN,
            cipher,
            transcripts=places.transcripts,
            caches=places.caches,
            history=history,
        )
    return cipher


def _put_right(places: Places, history: GitLog) -> None:
    """Of a memory that is not sealed: what was interrupted, with the key where that takes one."""
    if any((places.folder / name).exists() for name in MARKERS):
        from assistant.memory.encryption.conversion import finish_decrypting
        from assistant.memory.encryption.sealing import kind_of

        finish_decrypting(places, history, lambda file: open_key(kind_of(file), places))
    elif not history.clean:
        with FolderLock(places.folder).held():
            history.repair()


def open_key(kind: Literal["keyring", "passphrase"], places: Places) -> Cipher:
    """With the key that is at hand. Raises `MemoryFailure`."""
    from assistant.memory.encryption.sealing import keyring_vault, passphrase_vault

    if kind == "keyring":
        return keyring_vault(*places.keyed())
    passphrase = os.environ.get(PASSPHRASE, "")
    if not passphrase:
        raise MemoryFailure(
            "memory is sealed with a passphrase, and none is given: nothing is remembered",
            f"Put it into the environment variable {PASSPHRASE}.",
        )
    return passphrase_vault(passphrase, *places.keyed())


def _sealed_index(cipher: Cipher, folder: Path) -> Index:
    """By SQLCipher where it is installed, else in memory: a readable index on disk would hold the
    words that are sealed in the journals."""
    from assistant.memory.encryption.sealing import FileCipher

    connect = cipher.connect() if isinstance(cipher, FileCipher) else None
    return _open_index(folder / SEALED_INDEX if connect else None, connect)


def _open_index(
    path: Path | None, connect: Callable[[str], sqlite3.Connection] | None = None
) -> Index:
    """The index; one that is damaged or of another version is made anew from the journals, and one
    that cannot be written, on a full disk or in a read-only folder, is made in memory."""
    from assistant.memory.retrieval.database import plain_connect
    from assistant.memory.retrieval.index import IndexUnusable, SqliteIndex, delete_index

    try:
        try:
            return SqliteIndex(path, connect=connect or plain_connect)
        except IndexUnusable as error:
            _log.warning("memory: %s; it is made anew", error.message)
            if path is not None:
                delete_index(path)
            return SqliteIndex(path, connect=connect or plain_connect)
    except MemoryFailure as error:
        if path is None:
            raise
        _log.warning("memory: %s; it is kept in memory", error.message)
        return _index_in_memory()


def _files_of(path: Path) -> list[Path]:
    from assistant.memory.retrieval.database import files_of

    return files_of(path)


def _index_in_memory() -> Index:
    from assistant.memory.retrieval.index import SqliteIndex

    return SqliteIndex(None)


def _begin_history(folder: Path) -> None:
    """A git repository in the folder, where the user wants one and there is none."""
    git = shutil.which("git")
    if (folder / ".git" / "HEAD").exists() or (folder / ".git").is_file():
        return
    if git is None:
        _log.warning("memory: memory.git is set, and git is not installed")
        return
    subprocess.run(
        [git, "init", "--quiet", str(folder)], check=False, stdin=subprocess.DEVNULL, timeout=20
    )


class LazyStore:
    """A `MemoryStore` that is made by `make()` at the first use; where that fails, every use says
    so and the next one tries again."""

    def __init__(self, make: Callable[[], MemoryStore]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._store: MemoryStore | None = None
        self._listener: Callable[[str, str], None] = lambda text, remedy: None

    def report_to(self, listener: Callable[[str, str], None]) -> None:
        """`listener` hears what the real one has to say (`Reports`)."""
        self._listener = listener

    @property
    def store(self) -> MemoryStore:
        """The real one. Raises `MemoryFailure`."""
        with self._lock:
            if self._store is None:
                self._store = self._make()
                if isinstance(self._store, Reports):
                    self._store.report_to(lambda text, remedy: self._listener(text, remedy))
            return self._store

    def write(self, journal: Journal) -> None:
        self.store.write(journal)

    def deferred(self) -> str:
        return self.store.deferred() if isinstance(self.store, Defers) else ""

    def journals(self) -> Sequence[str]:
        return self.store.journals()

    def read(self, journal: str) -> Journal:
        return self.store.read(journal)

    def memories(self, filters: Filters = ANY) -> Sequence[Memory]:
        return self.store.memories(filters)

    def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> Sequence[Found]:
        return self.store.search(query, filters, limit)

    def forget(self, ids: Sequence[str]) -> Forgotten:
        return self.store.forget(ids)

    def preview(self, ids: Sequence[str]) -> DeletionPreview:
        return preview(self.store, ids)

    def correct(self, id: str, text: str, claim: Claim | None = None) -> Memory:
        return correct(self.store, id, text, claim)

    def settle(self, right: str, wrong: Sequence[str]) -> None:
        settle(self.store, right, wrong)
