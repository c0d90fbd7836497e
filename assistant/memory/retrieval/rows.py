"""A journal as the rows of the index: its turns with their neighbours, and its memories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import msgspec

from assistant.memory.base import Journal, Memory, Side, Turn


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One thing that can be found."""

    id: str
    text: str
    near: str
    """What gives it its sense: the turns beside it, or the claim and topics of a memory."""
    far: str
    """The turns next to those."""
    at: datetime
    name: str = ""
    """Who said it, lower case; empty for a memory."""
    side: Side | None = None
    turn: int = 0
    memory: Memory | None = None
    kept: str | None = None
    """The memory as JSON."""
    beside: tuple[str, ...] = ()
    """The turns before and after, that a turn's vector has a part of."""
    people: tuple[str, ...] = ()

    def digests(self) -> tuple[bytes, bytes]:
        """Of all that the index holds of it, and of its own words alone: when the first changes
        the row is written anew; when the second does, old words must go without a trace."""
        own = f"{self.text}\0{self.name}\0{self.kept or ''}".encode("utf-8", "replace")
        around = f"{self.near}\0{self.far}\0{self.at}\0{self.side}".encode("utf-8", "replace")
        return blake2b(own + b"\0" + around, digest_size=16).digest(), blake2b(
            own, digest_size=16
        ).digest()


def rows_of(journal: Journal) -> list[IndexRow]:
    """Turns that are empty are left out, as are memories that were corrected: they are history."""
    journal = encodable(journal)
    said = [turn for turn in journal.turns if turn.text.strip()]
    rows = [_turn_row(journal, said, at) for at in range(len(said))]
    rows += [_memory_row(memory) for memory in journal.memories if not memory.replaced_by]
    return list({row.id: row for row in rows}.values())


def load_memory(kept: str) -> Memory:
    """What `IndexRow.kept` holds."""
    return _decoder.decode(kept)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Memory)
_journals = msgspec.json.Decoder(Journal)


def encodable(journal: Journal) -> Journal:
    """A terminal may hand over bytes that are no text as lone surrogates, and a file may name them:
    no index can hold these. The same journal where there are none."""
    try:
        _encoder.encode(journal)
        return journal
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(journal), ensure_ascii=False)
        return _journals.decode(text.encode("utf-8", "replace"))


def _turn_row(journal: Journal, said: Sequence[Turn], at: int) -> IndexRow:
    turn = said[at]

    def beside(distance: int) -> tuple[str, ...]:
        places = (at - distance, at + distance)
        return tuple(said[place].text for place in places if 0 <= place < len(said))

    return IndexRow(
        id=f"{journal.id}#{turn.number}",
        text=turn.text,
        near=" ".join(beside(1)),
        far=" ".join(beside(2)),
        at=turn.at,
        name=turn.name.lower(),
        side=turn.side,
        turn=turn.number,
        beside=beside(1),
    )


def _memory_row(memory: Memory) -> IndexRow:
    claim = memory.claim
    about = [claim.subject, claim.attribute, claim.value] if claim else []
    return IndexRow(
        id=memory.id,
        text=memory.text,
        near=" ".join([*about, *memory.people, *memory.topics]),
        far="",
        at=memory.at,
        turn=memory.turn,
        memory=memory,
        kept=_encoder.encode(memory).decode("utf-8"),
        people=tuple(dict.fromkeys(person.lower() for person in memory.people)),
    )
