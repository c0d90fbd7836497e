"""Deletion: what goes from which journal when something is forgotten; `plan` has the rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from assistant.memory.base import Forgotten, Journal, Memory, MemoryFailure, MemoryStore, Turn
from assistant.memory.deletion.plan import DeletionPreview, Traces, answers, content_words, plain
from assistant.memory.journal.format import Parsed
from assistant.memory.journal.merging import Gone, drop_gone

MINUTES = 24 * 60


def turn_id(journal: str, number: int) -> str:
    return f"{journal}#{number}"


@dataclass(slots=True)
class Cut:
    """What is taken out of one journal."""

    parsed: Parsed
    """What stays."""
    gone: Gone = field(default_factory=Gone)
    empty: bool = False
    """Nothing stays."""


@dataclass(slots=True)
class DeletionPlan:
    """What is taken out of all of them."""

    cuts: list[Cut]
    traces: Traces
    turns: list[Turn]
    """All that go."""
    memories: list[Memory]
    """The same."""

    def counts(self) -> Forgotten:
        return Forgotten(
            memories=sum(len(cut.gone.memories) for cut in self.cuts),
            turns=sum(len(cut.gone.turns) for cut in self.cuts),
            journals=sum(cut.empty for cut in self.cuts),
        )

    def deletion(self, ids: Sequence[str]) -> DeletionPreview:
        """The same to be shown; `ids`: what was asked for."""
        gone = [id for cut in self.cuts for id in cut.gone.memories]
        gone += [
            turn_id(cut.parsed.journal.id, number) for cut in self.cuts for number in cut.gone.turns
        ]
        texts = [memory.text for memory in self.memories] + [turn.text for turn in self.turns]
        return DeletionPreview(
            memories=tuple(memory for memory in self.memories if not memory.replaced_by),
            ids=tuple(ids),
            texts=tuple(dict.fromkeys(texts)),
            turns=tuple(self.turns),
            gone=tuple(gone),
            journals=tuple(cut.parsed.journal.id for cut in self.cuts if cut.empty),
        )

    def said(self, text: str, minute: int) -> bool:
        """Whether a line of a transcript goes: what it says, or that it is one of the turns."""
        words = plain(text)
        return (
            text in self.traces
            or self.traces.begins_one(text)
            or any(
                plain(turn.text) == words and _near(minute, turn.at.hour * 60 + turn.at.minute)
                for turn in self.turns
            )
        )


class DeletionTarget:
    """What shall go, before it is looked for in all journals."""

    def __init__(
        self,
        named: Iterable[Parsed],
        memories: Iterable[Memory],
        ids: Collection[str],
        words: Sequence[str] = (),
    ) -> None:
        """`named`: the journals that `ids` are of; `memories`: all there are; `words`: whatever
        holds all words of one goes too."""
        self._wanted = set(ids)
        self._turns: dict[str, Turn] = {}
        for each in named:
            self._turns |= _chosen_turns(each.journal, self._wanted)
        going: list[Memory] = []
        staying: list[Memory] = []
        for memory in memories:
            if memory.id in self._wanted or turn_id(memory.journal, memory.turn) in self._wanted:
                going.append(memory)
            elif memory.journal not in self._wanted:
                staying.append(memory)
        self._memories = {memory.id for memory in going}
        self.traces = Traces(going, list(self._turns.values()), staying, words)

    def plan(self, journals: Iterable[Parsed]) -> DeletionPlan:
        """`journals`: the named ones, and all in which the traces may be; they are cut."""
        cuts: list[Cut] = []
        turns: list[Turn] = []
        memories: list[Memory] = []
        for parsed in journals:
            cut = _cut(parsed, self._wanted, self._memories, self._turns, self.traces)
            if cut is None:
                continue
            journal = parsed.journal
            turns += [turn for turn in journal.turns if turn.number in cut.gone.turns]
            memories += [each for each in journal.memories if each.id in cut.gone.memories]
            drop_gone(journal, cut.gone)
            cut.empty = not (journal.turns or journal.memories or any(parsed.extra))
            cuts.append(cut)
        return DeletionPlan(cuts, self.traces, turns, memories)


def journals_named(ids: Iterable[str], memories: Iterable[Memory]) -> set[str]:
    """The journals that ids of memories, turns and journals are of."""
    wanted = set(ids)
    found = {id.partition("#")[0].partition("/")[0] for id in wanted}
    return found | {memory.journal for memory in memories if memory.id in wanted}


def ids_of_day(store: MemoryStore, day: date) -> list[str]:
    """The memories and turns of a day of the calendar, where they were said."""
    found = []
    for journal in _readable(store):
        found += [memory.id for memory in journal.memories if memory.at.date() == day]
        found += [
            turn_id(journal.id, turn.number) for turn in journal.turns if turn.at.date() == day
        ]
    return found


def ids_of_words(store: MemoryStore, words: str) -> list[str]:
    """The memories and turns that hold all of these words, or are of this topic or person."""
    traces = Traces([], [], [], [words])
    topic = content_words(words)
    found = []
    for journal in _readable(store):
        for memory in journal.memories:
            labels = (*memory.people, *memory.topics)
            if memory.text in traces or any(topic and topic <= content_words(x) for x in labels):
                found.append(memory.id)
        found += [turn_id(journal.id, t.number) for t in journal.turns if t.text in traces]
    return found


def _readable(store: MemoryStore) -> Iterator[Journal]:
    """All journals but those that `forget` will tell of, since it cannot read them either."""
    for id in store.journals():
        with suppress(MemoryFailure):
            yield store.read(id)


def _chosen_turns(journal: Journal, wanted: Collection[str]) -> dict[str, Turn]:
    chosen: dict[str, Turn] = {}
    for turn in journal.turns:
        from_it = [m.text for m in journal.memories if m.turn == turn.number and m.id in wanted]
        id = turn_id(journal.id, turn.number)
        if journal.id in wanted:
            chosen[id] = turn
        elif from_it or id in wanted:
            chosen[id] = turn
            for answer in answers(journal, turn, [*from_it, turn.text]):
                chosen[turn_id(journal.id, answer.number)] = answer
    return chosen


def _cut(
    parsed: Parsed,
    wanted: Collection[str],
    memories: Collection[str],
    turns: Collection[str],
    traces: Traces,
) -> Cut | None:
    """None: nothing goes."""
    journal, gone = parsed.journal, Gone()
    if journal.id in wanted:
        gone.add(journal)
        parsed.extra, parsed.front = [], []
        return Cut(parsed, gone)
    for memory in journal.memories:
        if memory.id in memories or memory.text in traces or _claim(memory) in traces:
            gone.memories.add(memory.id)
    for turn in journal.turns:
        if turn_id(journal.id, turn.number) in turns or turn.text in traces:
            gone.turns.add(turn.number)
    # A memory that another one repeated goes with the words it was made of.
    gone.words = [
        *(each for each in journal.topics + journal.commitments if traces.has_topic(each)),
        *(each for each in (journal.mood, journal.who) if each and each in traces),
    ]
    before = len(parsed.extra) + len(parsed.front)
    parsed.extra = [line for line in parsed.extra if line not in traces]
    parsed.front = [line for line in parsed.front if line not in traces]
    less = len(parsed.extra) + len(parsed.front) < before
    return Cut(parsed, gone) if gone.memories or gone.turns or gone.words or less else None


def _claim(memory: Memory) -> str:
    claim = memory.claim
    return f"{claim.subject} {claim.attribute} {claim.value}" if claim else ""


def _near(minute: int, other: int) -> bool:
    """Two clocks of one machine, rounded apart."""
    return (minute - other + 1) % MINUTES <= 2
