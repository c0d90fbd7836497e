"""Changes that a person makes to what is remembered, in any store.

A store that can do it by itself is asked to; of any other the journal is read, changed and written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol, runtime_checkable

from assistant.language.person import first_person, sentence
from assistant.memory.base import Claim, Corrects, Journal, Memory, MemoryFailure, MemoryStore, Turn
from assistant.memory.deletion.plan import DeletionPreview, find_struck
from assistant.memory.extraction import the_rules
from assistant.memory.extraction.candidates import Candidate, RefusedCandidate
from assistant.memory.extraction.secrets import secret_in
from assistant.memory.journal.manual_edits import correct_by_hand, replace_by


@runtime_checkable
class Previews(Protocol):
    """A store that forgets more than it is asked for, and says so before."""

    def preview(self, ids: Sequence[str]) -> DeletionPreview: ...


def correct(store: MemoryStore, id: str, text: str, claim: Claim | None = None) -> Memory:
    """What a memory should say; the old one becomes history. Raises `MemoryFailure`."""
    if isinstance(store, Corrects):
        return store.correct(id, text, claim)
    journal, old = _find(store, id)
    new = correct_by_hand(journal, old, text, claim, datetime.now().astimezone())
    store.write(journal)
    return new


def settle(store: MemoryStore, right: str, wrong: Sequence[str]) -> None:
    """Of memories that do not agree this one holds; the others become history. Raises
    `MemoryFailure`."""
    if isinstance(store, Corrects):
        store.settle(right, wrong)
        return
    for id in wrong:
        journal, _ = _find(store, id)
        replace_by(journal, id, right)
        store.write(journal)


def preview(store: MemoryStore, ids: Sequence[str]) -> DeletionPreview:
    """What goes with these memories and turns. Raises `MemoryFailure`."""
    if isinstance(store, Previews):
        return store.preview(ids)
    return find_struck(store, frozenset(ids))


def reworded(old: Memory, text: str, who: str = "") -> tuple[str, Claim | None]:
    """The sentence that a person wrote in place of a memory's, and what it claims.

    Raises `MemoryFailure` where it holds what is never kept.
    """
    text = sentence(text)
    if secret := secret_in(text):
        raise MemoryFailure(RefusedCandidate(secret, old.turn).sentence())
    claim = old.claim
    if claim is None or not claim.value:
        return text, _claim_of(text, who, old.at)
    before, found, after = old.text.partition(claim.value)
    value = text[len(before) : len(text) - len(after)].strip()
    if found and value and text == f"{before}{value}{after}":
        return text, replace(claim, value=value)
    return text, _claim_of(text, who, old.at)


def _claim_of(text: str, who: str, at: datetime) -> Claim | None:
    """As the rules read it where the user says it."""
    turn = Turn(1, "user", "You", first_person(text, who), at)
    drafts = [each for each in the_rules().judge(turn, who) if isinstance(each, Candidate)]
    return drafts[0].claim if len(drafts) == 1 else None


def _find(store: MemoryStore, id: str) -> tuple[Journal, Memory]:
    journal = id.rpartition("/")[0]
    named = [each.journal for each in store.memories() if each.id == id]
    for each in named or [journal]:
        found = store.read(each)
        for memory in found.memories:
            if memory.id == id:
                return found, memory
    raise MemoryFailure(f'there is no memory "{id[:80]}"')
