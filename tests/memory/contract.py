"""What every store of memory does, wherever it keeps what it is given."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from assistant.memory.base import Filters, MemoryFailure
from tests.memory.samples import BEGAN, ID, kept, parrot, said


class StoreContract:
    """To be derived from, with a fixture `shelves`: an empty store."""

    def test_it_finds_what_is_asked_for_first(self, shelves: Any) -> None:
        shelves.write(parrot())
        assert shelves.search("what is my parrot called?")[0].id == f"{ID}/1"
        assert shelves.search("what do I do on Friday?")[0].id == f"{ID}/2"
        assert shelves.search("parrot", limit=0) == []
        assert len(shelves.search("parrot Friday talk", limit=1)) == 1

    def test_a_search_is_limited_to_what_the_filters_say(self, shelves: Any) -> None:
        shelves.write(parrot())

        def ids(**filters: Any) -> set[str]:
            found = shelves.search("Ada parrot talk Friday", Filters(**filters))
            return {hit.id for hit in found if hit.memory is not None}

        assert ids() == {f"{ID}/1", f"{ID}/2"}
        assert ids(categories=("temporal",)) == {f"{ID}/2"}
        assert ids(persona="glados") == set()
        assert ids(since=BEGAN + timedelta(seconds=10)) == {f"{ID}/2"}
        assert ids(until=BEGAN + timedelta(seconds=10)) == {f"{ID}/1"}

    def test_a_conversation_that_goes_on_is_kept_once(self, shelves: Any) -> None:
        journal = parrot()
        for number in (5, 6):
            shelves.write(journal)
            journal.turns.append(said(number, f"Turn {number} of many."))
        first = journal.memories[0]
        journal.memories[0] = replace(first, replaced_by=f"{ID}/3")
        journal.memories.append(kept(3, "Ada's parrot is called Dora.", 5, claim=first.claim))
        shelves.write(journal)
        shelves.write(deepcopy(journal))
        assert shelves.journals() == [ID]
        assert shelves.read(ID) == journal
        assert [memory.id for memory in shelves.memories()] == [f"{ID}/2", f"{ID}/3"]
        assert f"{ID}/1" not in {hit.id for hit in shelves.search("parrot Picasso")}

    def test_what_is_not_there_is_told(self, shelves: Any) -> None:
        with pytest.raises(MemoryFailure, match="no journal"):
            shelves.read(ID)
        assert shelves.forget(["nobody/1", ID]).memories == 0
        assert list(shelves.memories()) == []
