"""A search finds what has to do with it, or nothing; a long text recalls what it is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assistant.memory.base import ANY, Claim, Journal, Memory, Turn
from assistant.memory.recall import Recall
from assistant.memory.retrieval import relevance
from assistant.memory.retrieval.index import SqliteIndex
from assistant.memory.retrieval.relevance import to_the_point
from assistant.memory.service import MemoryService
from assistant.memory.store.files import FileStore
from assistant.tools.builtin.memory import PendingDeletion, memory_tools

AT = datetime(2026, 11, 20, 12).astimezone()
SMALL_TALK = (
    "Hello there.", "What's in the news today?", "Pick a number.", "Pick a number between one and "
    "ten.", "Tell me a joke.", "How are you today?", "I had a good day at work.", "Set a timer for "
    "ten minutes.", "The weather is great, isn't it?", "What time is it?", "I like your voice.",
    "Flip a coin.", "That was a good story.", "I think we should start a party.", "The bus was "
    "late this morning.", "Good night.", "Can you sing?", "I will call you back in a minute.",
    "It was a long day, and I am tired.", "We have time.", "Nothing new today.", "That is right.",
)  # fmt: skip
FACTS = (
    ("The user's cat is called Pixel.", Claim("user", "cat's name", "Pixel"), ("pets",)),
    ("Grace is the user's sister.", Claim("Grace", "relation to user", "sister"), ("family",)),
    ("Grace lives in Bergen.", Claim("Grace", "home", "Bergen"), ("home",)),
    ("The user is a nurse in Oslo.", Claim("user", "job", "nurse"), ("work",)),
    ("The user plays the violin.", Claim("user", "plays violin", "yes"), ("music",)),
)


def journals() -> list[Journal]:
    """A conversation of facts, each told next to small talk, and one of small talk alone."""
    first = Journal("2026-11-20T120000-jarvis", AT, "jarvis")
    for number, (text, claim, topics) in enumerate(FACTS, 1):
        at = AT + timedelta(minutes=number)
        said = text.replace("The user's", "My").replace("the user's", "my")
        said = said.replace("The user is", "I am").replace("The user plays", "I play")
        small = SMALL_TALK[number - 1]
        first.turns += [
            Turn(4 * number - 3, "user", "You", said, at),
            Turn(4 * number - 2, "agent", "JARVIS", "I see, sir.", at),
            Turn(4 * number - 1, "user", "You", small, at),
            Turn(4 * number, "agent", "JARVIS", "Very good, sir.", at),
        ]
        first.memories.append(
            Memory(f"{first.id}/{number}", text, "personal", at, "jarvis", 4 * number - 3,
                   first.id, claim=claim, topics=topics)
        )  # fmt: skip
    second = Journal("2026-11-21T120000-jarvis", AT + timedelta(days=1), "jarvis")
    second.turns = [
        Turn(number, "user", "You", text, second.began) for number, text in enumerate(SMALL_TALK, 1)
    ]
    return [first, second]


@pytest.fixture(params=["vectors", "words"])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FileStore:
    if request.param == "words":
        for module in ("assistant.memory.retrieval.index", "assistant.memory.retrieval.relevance"):
            monkeypatch.setattr(f"{module}.load_embedder", lambda: None)
    elif relevance.load_embedder() is None:
        pytest.skip("wordllama is not installed")
    made = FileStore(tmp_path, SqliteIndex(None))
    for journal in journals():
        made.write(journal)
    return made


def found(store: FileStore, query: str) -> Sequence[str]:
    return [hit.text for hit in to_the_point(query, store.search(query, ANY, 10))]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("cat", {"The user's cat is called Pixel."}),
        ("Pixel", {"The user's cat is called Pixel."}),
        ("my sister", {"Grace is the user's sister."}),
        ("Bergen", {"Grace lives in Bergen."}),
        ("violin", {"The user plays the violin."}),
        ("dog", set()),
        ("car", set()),
        ("art", set()),
        ("he", set()),
        ("xylophone", set()),
        ("tax return", set()),
        ("submarine", set()),
        ("news", {"What's in the news today?"}),
    ],
)
def test_a_search_finds_what_shares_something_with_it_or_nothing(
    store: FileStore, query: str, texts: set[str]
) -> None:
    assert set(found(store, query)) == texts


@pytest.mark.parametrize("word", ["at", "he", "the", "we", "of"])
def test_a_word_that_says_nothing_finds_nothing_without_it(store: FileStore, word: str) -> None:
    assert all(word in re.findall(r"\w+", text.lower()) for text in found(store, word))


def test_a_search_by_topic_finds_what_is_of_it(store: FileStore) -> None:
    assert "The user's cat is called Pixel." in found(store, "pets")
    assert "The user plays the violin." in found(store, "music")


def test_what_asks_for_everything_is_given_everything(store: FileStore) -> None:
    assert len(found(store, "what did we talk about?")) == 10


async def test_the_panel_and_the_spoken_search_hold_to_it(store: FileStore) -> None:
    memory = MemoryService(store)
    assert [hit.text for hit in await memory.look_up("cat")] == ["Your cat is called Pixel."]
    assert await memory.look_up("dog") == []
    (recall,) = [tool for tool in memory_tools(memory, PendingDeletion()) if tool.name == "recall"]
    assert await recall.function(query="dog") == "I remember nothing about dog."
    assert "your cat is called Pixel" in await recall.function(query="my cat")


PASTED = (
    "The committee met on Thursday to discuss the annual budget. A number of members asked for "
    "more time to pick the best contractor, and the chair agreed to call them back. In the end it "
    "was a long day for everyone, but the news was good: work on the new bridge can start in "
    "spring, and the old road will stay open until the last part is finished.",
    "Preheat the oven to 200 degrees and set a timer for thirty minutes. Pick the leaves from the "
    "stems, tell the guests to wait, and stir the sauce until it is thick. A good stock takes a "
    "long time, so start early in the morning; nothing is worse than a soup in a hurry. Serve it "
    "at once, with bread and a little butter on the side.",
    "Dear team, thank you for your patience this week. We think the outage started when a number "
    "of servers ran out of memory at night. What happened next was right out of a bad story: the "
    "backup did not start, the alarm could not call anyone, and the party line was full. We will "
    "pick up the pieces, and tell you more in the morning news.",
    "It was the best of days, it was the worst of days. The weather was great, and people said "
    "that a good year would come. Some had a voice and some had none; some worked all day and some "
    "sang all night; and when the bus was late, nobody knew what time it was or who would call "
    "whom back, for there was nothing new in the world and no joke that had not been told.",
)


@pytest.mark.parametrize("text", PASTED)
async def test_a_pasted_text_brings_no_small_talk_to_mind(store: FileStore, text: str) -> None:
    recalled = await Recall(store).take(text)
    assert [hit.text for hit in recalled.found] == []


@pytest.mark.parametrize(
    ("sentence", "memory"),
    [
        ("My sister Grace wrote that the harbour of Bergen is full of ships.",
         "Grace lives in Bergen."),
        ("By the way, the cat has knocked over a vase again, Pixel has no manners.",
         "The user's cat is called Pixel."),
        ("Since I am a nurse here in Oslo, all of that is familiar.",
         "The user is a nurse in Oslo."),
        ("When I came home, my violin was out of tune, and I could not play it at all.",
         "The user plays the violin."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("at", [0, 1, 2])
async def test_a_long_text_that_is_about_a_memory_brings_it_to_mind(
    store: FileStore, sentence: str, memory: str, at: int
) -> None:
    parts = PASTED[at].split(". ")
    parts.insert(2, sentence.rstrip("."))
    recalled = await Recall(store).take(". ".join(parts))
    assert memory in [hit.text for hit in recalled.found]
    assert not {hit.text for hit in recalled.found} & set(SMALL_TALK)


async def test_a_short_question_is_answered_as_before(store: FileStore) -> None:
    recalled = await Recall(store).take("What is my cat called?")
    assert recalled.found[0].text == "The user's cat is called Pixel."
