"""Memory in mem0, for people who run it: memories are mem0's own, found by its own search.

Sentences are added as they are (`infer=False`): asking mem0 to think about them sends a language
model 36 KB each time, and makes junk. Turns and heads of conversations are entries of an agent of
their own, so that they do not turn up among the user's memories elsewhere. What other programs
have added for the user is known here too, as the memories of one journal more (`OTHERS`).
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from assistant.memory.base import Filters, Found, Journal, Memory, MemoryFailure, passes
from assistant.memory.remote.protocol import encode
from assistant.memory.retrieval.embedding import DIMENSIONS
from assistant.private_files import make_missing
from assistant_memory_stores.shelves import (
    SharedStore,
    as_journal,
    as_text,
    compact,
    for_nobody_else,
)

OTHERS = "1970-01-01T000000-mem0"
"""Id of the journal of what this program has not written."""
MANY = 100_000
"""More entries than anybody has: mem0 gives no pages."""
NOWHERE = "http://127.0.0.1:9/v1"
"""The language model that mem0 wants to know of, and is never asked for: the port that discards."""
_memory = msgspec.json.Decoder(Memory)
_log = logging.getLogger(__name__)


class Mem0Store(SharedStore):
    """`settings`: a file with a mem0 configuration; else all is in `folder`, without a network."""

    def __init__(self, folder: Path, *, user: str = "user", settings: Path | None = None) -> None:
        super().__init__()
        self._folder = folder
        self._own = settings is None
        self._user = {"user_id": user}
        self._agent = {"agent_id": f"{user}-conversations"}
        make_missing(folder)
        with self._told():
            self._mem0 = _open_local(folder) if settings is None else _open(settings, folder)
        for_nobody_else(folder)

    def close(self) -> None:
        """The vectors too: mem0 itself leaves them open."""
        self._mem0.close()
        client = getattr(self._mem0.vector_store, "client", None)
        if client is not None:
            client.close()

    # -- journals ----------------------------------------------------------------------------------

    def _ids(self) -> Sequence[str]:
        return [journal.id for journal in self._all()]

    def _get(self, id: str) -> Journal | None:
        return next((journal for journal in self._read_all(id) if journal.id == id), None)

    def _all(self) -> Sequence[Journal]:
        return self._read_all()

    def _read_all(self, id: str = "") -> Sequence[Journal]:
        """Or one of them, and perhaps others."""
        journals: dict[str, Journal] = {}
        for entry in self._entries(self._agent, id):
            if journal := as_journal(str(entry.get("memory"))):
                journals[journal.id] = journal
        others = Journal(OTHERS, datetime.fromtimestamp(0, UTC), "mem0")
        for entry in self._entries(self._user, id):
            memory = _of_entry(entry)
            journals.get(memory.journal, others).memories.append(memory)
        for journal in journals.values():
            journal.memories.sort(key=lambda memory: _number(memory.id))
        return [*journals.values(), *([others] if others.memories else [])]

    def _entries(self, whose: Mapping[str, str], journal: str = "") -> list[dict[str, Any]]:
        """All, or those of a journal."""
        of = {"journal": journal} if journal not in ("", OTHERS) else {}
        with self._told():
            found = self._mem0.get_all(filters={**whose, **of}, top_k=MANY)
        return list(found["results"])

    def _put(self, journal: Journal, before: Journal | None) -> None:
        had = {memory.id: memory for memory in before.memories} if before else {}
        has = {memory.id: memory for memory in journal.memories}
        changed = [id for id, memory in has.items() if had.get(id) != memory]
        head, was = _head(journal), _head(before) if before else None
        deletion = {id for id in had if id not in has or id in changed}
        with self._told():
            # The new before the old: what is twice there after a crash is one by its id.
            old = self._numbers(journal.id, deletion, head=head != was)
            for id in changed:
                self._add(has[id].text or id, self._user, journal.id, has[id])
            if head != was and journal.id != OTHERS:
                self._add(head, self._agent, journal.id, None)
            self._delete(old)

    def _drop(self, journal: Journal) -> None:
        with self._told():
            self._delete(self._numbers(journal.id, {memory.id for memory in journal.memories}))

    def _add(self, text: str, whose: Mapping[str, str], journal: str, kept: Memory | None) -> None:
        more = {"journal": journal}
        if kept is not None:
            more["kept"] = encode(kept).decode("utf-8")
        text = text.encode("utf-8", "replace").decode("utf-8")
        self._mem0.add(text, **whose, metadata=more, infer=False)

    def _numbers(self, journal: str, memories: set[str], *, head: bool = True) -> list[str]:
        """mem0's ids of these memories of a journal, and of its head."""
        kept = self._entries(self._user, journal) if memories else []
        heads = self._entries(self._agent, journal) if head and journal != OTHERS else []
        return [
            *(str(entry["id"]) for entry in kept if _of_entry(entry).id in memories),
            *(str(entry["id"]) for entry in heads),
        ]

    def _delete(self, numbers: Sequence[str]) -> None:
        """From mem0, and from its history, which keeps the text of what was deleted."""
        for number in numbers:
            self._mem0.delete(number)
        history = self._mem0.db.connection
        with history:
            history.executemany(
                "DELETE FROM history WHERE memory_id = ?", [(number,) for number in numbers]
            )

    def _scrub(self) -> None:
        """mem0's vectors elsewhere than in this folder are their maker's business."""
        with self._told(), closing(self._mem0.db.connection.cursor()) as cursor:
            cursor.execute("DELETE FROM messages")
            self._mem0.db.connection.commit()
            cursor.execute("VACUUM")
        compact(self._folder)

    # -- what is found -----------------------------------------------------------------------------

    def _hits(self, query: str, filters: Filters, limit: int) -> Sequence[Found]:
        with self._told():
            found = self._mem0.search(
                query, filters=dict(self._user), top_k=4 * limit, threshold=0.0
            )
        hits: dict[str, Found] = {}
        for entry in found["results"]:
            memory = _of_entry(entry)
            if not memory.replaced_by and passes(memory, filters):
                score = float(entry.get("score") or 0)
                found_here = Found(memory.id, memory.text, memory.at, memory.persona, score, memory)
                hits.setdefault(memory.id, found_here)
        return list(hits.values())[:limit]

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except MemoryFailure:
            raise
        except Exception as error:  # mem0 passes on whatever its parts raise
            if "already accessed" in str(error):
                raise MemoryFailure(
                    f"{self._folder}: another program has this memory open",
                    "Close it, or let both use a Qdrant server by memory.mem0.config.",
                ) from None
            _log.debug("mem0", exc_info=error)
            said = " ".join(str(error).split())[:200] or type(error).__name__
            raise MemoryFailure(
                f"mem0 does not do it: {said}", "Look at memory.mem0 in the settings."
            ) from None


def _open_local(folder: Path) -> Any:
    """All of mem0's parts on this machine. Whatever of it would call out is switched off."""
    memory = _import(folder)
    from mem0.configs.base import MemoryConfig
    from mem0.embeddings.configs import EmbedderConfig
    from mem0.llms.configs import LlmConfig
    from mem0.utils import spacy_models
    from mem0.utils.factory import EmbedderFactory
    from mem0.vector_stores.configs import VectorStoreConfig

    name = "assistant"
    EmbedderFactory.provider_to_class[name] = f"{__package__}.mem0_embedder.StaticEmbedder"
    vectors = {
        "collection_name": name,
        "path": str(folder / "vectors"),
        "embedding_model_dims": DIMENSIONS,
        "on_disk": True,
    }
    model = {"model": "none", "openai_base_url": NOWHERE, "api_key": "none"}
    # Where spaCy or fastembed are installed, mem0 downloads models for them.
    spacy_models._load_failed_full = spacy_models._load_failed_lemma = True
    with _without_key():
        made = memory(
            MemoryConfig(
                vector_store=VectorStoreConfig(provider="qdrant", config=vectors),
                llm=LlmConfig(provider="openai", config=model),
                # Not validated: only the providers that mem0 ships would pass.
                embedder=EmbedderConfig.model_construct(provider=name, config={}),
                history_db_path=str(folder / "history.db"),
            )
        )
    made.vector_store._bm25_encoder = False
    return made


def _open(settings: Path, folder: Path) -> Any:
    """By the user's own configuration."""
    try:
        wanted = json.loads(settings.read_text("utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise MemoryFailure(f"{settings}: {reason}", "Look at memory.mem0.config.") from None
    except ValueError as error:
        raise MemoryFailure(f"{settings}: is no JSON ({error})", "Correct the file.") from None
    if not isinstance(wanted, dict):
        raise MemoryFailure(f"{settings}: is no mem0 configuration", "It has to be an object.")
    wanted.setdefault("history_db_path", str(folder / "history.db"))
    return _import(folder).from_config(wanted)


def _import(folder: Path) -> Any:
    """`mem0.Memory`. What mem0 tells its makers, and where it makes a folder, is decided when it
    is imported; and it logs what it remembers."""
    os.environ["MEM0_TELEMETRY"] = "False"
    if "mem0" not in sys.modules:
        os.environ.setdefault("MEM0_DIR", str(folder))
    logging.getLogger("mem0").setLevel(logging.WARNING)
    from mem0 import Memory as Mem0
    from mem0.memory import main, telemetry

    main.MEM0_TELEMETRY = telemetry.MEM0_TELEMETRY = False  # it may have been imported before
    return Mem0


@contextmanager
def _without_key() -> Iterator[None]:
    """mem0 takes this key, where it finds one, for a wish to ask that service."""
    key = os.environ.pop("OPENROUTER_API_KEY", None)
    try:
        yield
    finally:
        if key is not None:
            os.environ["OPENROUTER_API_KEY"] = key


def _of_entry(entry: Mapping[str, Any]) -> Memory:
    """A memory of ours, or one that another program has added."""
    with suppress(msgspec.MsgspecError):
        return _memory.decode(str(_metadata(entry).get("kept", "")))
    at = datetime.fromtimestamp(0, UTC)
    with suppress(ValueError):
        at = datetime.fromisoformat(str(entry.get("created_at")))
    return Memory(
        id=f"{OTHERS}/{entry['id']}",
        text=str(entry.get("memory") or ""),
        category="contextual",
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        persona="mem0",
        turn=0,
        journal=OTHERS,
    )


def _metadata(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return entry.get("metadata") or {}


def _head(journal: Journal) -> str:
    """All of it but the memories."""
    return as_text(replace(journal, memories=[]))


def _number(id: str) -> tuple[int, str]:
    last = id.rpartition("/")[2]
    return (int(last) if last.isdigit() else 0, id)
