"""How fast the index is when it is full: made-up conversations, a seed for each so that they are
the same every time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from assistant.bench.report import Measurement
from assistant.locations import scratch_dir
from assistant.memory.base import CATEGORIES, Claim, Filters, Journal, Memory, Turn
from assistant.memory.retrieval.index import SqliteIndex
from assistant.private_files import scratch_folder

PER_JOURNAL = 10
"""Memories of a conversation, each with the turn it was made from and the answer to that."""
SEARCHES = 200
ADDED = 100
REBUILDS = 3
"""Rates are given for each, so that their spread is seen."""
_REBUILT = 10_000
"""Memories of one of these; all of them where there are fewer."""
_BEGAN = datetime(2024, 1, 1, 9, tzinfo=UTC)
_SYLLABLES = "ba be bi bo da de di do fa fe ga go ka ke ki ko la le li lo ma me mi mo na ne no"
_COMMON_WORDS = """
work home garden dinner music book train morning evening weekend friend project meeting phone
coffee doctor school holiday kitchen bicycle concert movie money weather city office river
birthday summer winter lesson guitar painting running cooking reading letter market
"""
_COMMON = _COMMON_WORDS.split()
_NAMES = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Margaret", "Ken", "Radia")
_SENTENCES = (
    "{name} and I talked about the {a} near the {b} and the {rare}.",
    "I bought a {rare} for the {a} because the old one broke at the {b}.",
    "My {a} with {name} is about {rare} and starts after the {b}.",
    "Please remember that {name} likes {rare} more than any {a} or {b}.",
)
_QUESTIONS = (
    "What did {name} say about the {rare}?",
    "When did I buy a {rare} for the {a}?",
    "Who likes {a} and {b}?",
    "Which {a} did we talk about with {name}?",
    "Do you remember my {rare}?",
)


class ZipfSpeech:
    """Sentences in which a few words are common and most are rare, as in speech (Zipf 1949)."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._rare = _rare_words()

    def sentence(self) -> tuple[str, str]:
        """And the name in it."""
        return self._fill(self._random.choice(_SENTENCES))

    def question(self) -> str:
        return self._fill(self._random.choice(_QUESTIONS))[0]

    def _fill(self, pattern: str) -> tuple[str, str]:
        name = self._random.choice(_NAMES)
        a, b = self._random.sample(_COMMON, 2)
        at = min(int(self._random.paretovariate(0.3)), len(self._rare)) - 1
        return pattern.format(name=name, a=a, b=b, rare=self._rare[at]), name


@cache
def _rare_words() -> list[str]:
    made = random.Random(0)
    syllables = _SYLLABLES.split()
    return ["".join(made.choices(syllables, k=made.randint(2, 4))) for _ in range(20_000)]


def journals(memories: int, first: int = 0) -> Iterator[Journal]:
    """Conversations with so many memories in all."""
    for number in range(first, first + (memories + PER_JOURNAL - 1) // PER_JOURNAL):
        speech = ZipfSpeech(number)
        began = _BEGAN + timedelta(hours=3 * number)
        journal = Journal(f"{began:%Y-%m-%dT%H%M%S}-bench", began, "bench")
        for place in range(PER_JOURNAL):
            text, name = speech.sentence()
            at = began + timedelta(seconds=20 * place)
            journal.turns.append(Turn(2 * place + 1, "user", "You", text, at))
            journal.turns.append(Turn(2 * place + 2, "agent", "Bench", speech.sentence()[0], at))
            journal.memories.append(
                Memory(
                    f"{journal.id}-{place + 1}",
                    text,
                    CATEGORIES[place % len(CATEGORIES)],
                    at,
                    journal.persona,
                    2 * place + 1,
                    journal.id,
                    people=(name,),
                    claim=Claim(name, "topic", text),
                )
            )
        yield journal


def measure_scale(memories: int) -> list[Measurement]:
    """Speeds of an index of `memories` memories and twice as many turns, on this machine's disk."""
    with scratch_folder(scratch_dir()) as folder:
        small = min(memories, _REBUILT)
        again = _rebuild(Path(folder) / "small.db", small)
        rates = tuple(small / _seconds(again) for _ in range(REBUILDS))
        index = SqliteIndex(Path(folder) / "index.db")
        material = list(journals(memories))
        full = _seconds(lambda: index.rebuild(material))
        size = sum(path.stat().st_size for path in index.paths()) / 2**20
        loading = _seconds(lambda: index.search("warm up"))
        speech = ZipfSpeech(-1)
        asked = tuple(_ms(lambda: index.search(speech.question())) for _ in range(SEARCHES))
        last_week = Filters(since=_BEGAN + timedelta(hours=0.3 * memories, days=-7))
        limited = tuple(
            _ms(lambda: index.search(speech.question(), last_week)) for _ in range(SEARCHES)
        )
        added = tuple(_adding(index, memories))
        removing = _seconds(lambda: index.remove(f"{_BEGAN:%Y-%m-%dT%H%M%S}-bench"))
        index.close()
    note = f"{memories:,} memories, {2 * memories:,} turns, {size:.0f} MiB"
    return [
        Measurement("search, full index", "ms", asked, note),
        Measurement("search of the last week", "ms", limited, note),
        Measurement("adding a memory and its turn", "ms", added, "the journal grows by one"),
        Measurement("rebuild", "memories/s", rates, f"{small:,} memories, {2 * small:,} turns"),
        Measurement("rebuild, all", "memories/s", (memories / full,), note),
        Measurement("first search", "s", (loading,), "reads the vectors"),
        Measurement("forgetting one conversation", "s", (removing,), "writes the whole file anew"),
    ]


def _adding(index: SqliteIndex, memories: int) -> Iterator[float]:
    """A journal that grows, memory by memory; milliseconds of each."""
    first = (memories + PER_JOURNAL - 1) // PER_JOURNAL
    for whole in journals(ADDED, first):
        for place in range(1, PER_JOURNAL + 1):
            part = Journal(whole.id, whole.began, whole.persona)
            part.turns = whole.turns[: 2 * place]
            part.memories = whole.memories[:place]
            yield _ms(lambda part=part: index.update(part))  # type: ignore[misc]


def _rebuild(path: Path, memories: int) -> Callable[[], None]:
    material = list(journals(memories))

    def rebuild() -> None:
        index = SqliteIndex(path)
        index.rebuild(material)
        index.close()

    return rebuild


def _seconds(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _ms(action: Callable[[], object]) -> float:
    return _seconds(action) * 1e3
