"""What memory makes of a long day of small talk: how much of it, how much is junk, what is missed.

The judge is `assistant.memory.extraction.junk`, whose rules stand in its docstring.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from assistant.memory.base import ANY, Filters, Forgotten, Found, Journal, Memory, Turn
from assistant.memory.extraction.candidates import Candidate, Judge
from assistant.memory.extraction.deduplicate import KnownMemories
from assistant.memory.extraction.junk import junk
from assistant.memory.extraction.rules import Rules
from benchmarks.memory.small_talk import ScriptLine, small_talk

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass(slots=True)
class SmallTalkReport:
    """Figures of one run."""

    turns: int = 0
    facts: int = 0
    """Turns that told something worth remembering."""
    found: int = 0
    """Of those, how many have a memory that holds what they told."""
    memories: int = 0
    wrong: list[tuple[str, str]] = field(default_factory=list)
    """Memories of turns that told nothing: (turn, memory)."""
    junk: list[tuple[str, str]] = field(default_factory=list)
    """Junk, by the stated rules: (rule, memory)."""
    missed: list[str] = field(default_factory=list)
    ms_a_turn: float = 0.0
    """Mean time of the judge, in milliseconds."""

    @property
    def junk_share(self) -> float:
        return len(self.junk) / self.memories if self.memories else 0.0

    @property
    def recall(self) -> float:
        return self.found / self.facts if self.facts else 1.0

    def lines(self) -> list[str]:
        """For a person."""
        rules = ", ".join(f"{n} {rule}" for rule, n in Counter(r for r, _ in self.junk).items())
        return [
            f"{self.turns} turns of small talk, {self.facts} of them with something to remember",
            f"{self.memories} memories made, {len(self.junk)} of them junk "
            f"({100 * self.junk_share:.1f} %{f': {rules}' if rules else ''})",
            f"{len(self.wrong)} memories of turns that told nothing",
            f"{self.found} of {self.facts} facts remembered ({100 * self.recall:.0f} %)",
            f"{self.ms_a_turn:.2f} ms a turn",
        ]


def measure_small_talk(
    turns: int = 1000, seed: int = 1, judge: Judge | None = None
) -> SmallTalkReport:
    """Let a judge (the rules, if not given) listen to so many turns of generated small talk."""
    judge = judge or Rules()
    report = SmallTalkReport(turns=turns)
    journal = Journal("2026-03-02T090000-bench", BEGIN, "bench")
    known = KnownMemories(_Nothing())
    seconds = 0.0
    for number, line in enumerate(small_talk(turns, seed), start=1):
        at = BEGIN + timedelta(seconds=20 * number)
        turn = Turn(number, "user", "You", line.text, at)
        started = time.perf_counter()
        outcomes = judge.judge(turn)
        seconds += time.perf_counter() - started
        drafts = [each for each in outcomes if isinstance(each, Candidate)]
        made = [m for each in drafts if (m := known.take(each, journal, "bench", at)) is not None]
        _look_at(report, line, made, drafts, [m for m in journal.memories if m not in made])
    report.ms_a_turn = 1000 * seconds / max(1, turns)
    return report


def _look_at(
    report: SmallTalkReport,
    line: ScriptLine,
    made: list[Memory],
    drafts: list[Candidate],
    earlier: list[Memory],
) -> None:
    report.memories += len(made)
    standing = [memory for memory in earlier if not memory.replaced_by]
    for memory in made:
        if not line.truth:
            report.wrong.append((line.text, memory.text))
        if broken := junk(memory, line.text, standing):
            report.junk.append((broken, memory.text))
    if line.truth:
        report.facts += 1
        texts = [draft.text.casefold() for draft in drafts]
        if any(all(word.casefold() in text for word in line.truth) for text in texts):
            report.found += 1
        else:
            report.missed.append(line.text)


class _Nothing:
    """A store that holds nothing and keeps nothing: each run begins without memories."""

    def write(self, journal: Journal) -> None:
        pass

    def journals(self) -> list[str]:
        return []

    def read(self, journal: str) -> Journal:
        return Journal(journal, BEGIN, "bench")

    def memories(self, filters: Filters = ANY) -> list[Memory]:
        return []

    def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> list[Found]:
        return []

    def forget(self, ids: object) -> Forgotten:
        return Forgotten(0, 0, 0)
