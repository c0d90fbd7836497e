"""Another machine's memory as a conversation meets it: there, away, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("starlette", reason="the server needs starlette")
pytest.importorskip("uvicorn", reason="the server needs uvicorn")

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from assistant.config.schema import MemoryConfig
from assistant.memory.base import Filters, Journal, MemoryFailure
from assistant.memory.factory import open_store
from assistant.memory.remote.access import checked_address, client_token, token_file
from assistant.memory.remote.client import HttpStore
from assistant.memory.service import MemoryService
from assistant.memory.store.files import FileStore
from assistant.memory.store.in_memory import InMemoryStore
from assistant.session.events import Notice, SessionEvent
from tests.memory.conftest import Maker, raw
from tests.memory.remote.served import TOKEN, Served
from tests.memory.samples import BEGAN, ID, kept, parrot, said


@pytest.fixture
def served(store: FileStore) -> Iterator[Served]:
    with Served(store) as served:
        yield served


@pytest.fixture
def told() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def client(served: Served, told: list[tuple[str, str]]) -> Iterator[HttpStore]:
    client = HttpStore(
        served.url, TOKEN, listener=lambda text, remedy: told.append((text, remedy)), retry=0
    )
    yield client
    served.start()
    client.close()


def another(number: int) -> Journal:
    """A short conversation, a day later each."""
    began = BEGAN + timedelta(days=number)
    id = f"{began:%Y-%m-%dT%H%M%S}-jarvis"
    made = Journal(id, began, "jarvis", turns=[said(1, f"I have been to town number {number}.")])
    made.memories.append(kept(1, f"Ada has been to town number {number}.", journal=id))
    return made


def test_what_is_written_on_one_machine_is_found_on_another(
    client: HttpStore, served: Served, store: FileStore
) -> None:
    client.write(parrot())
    other = HttpStore(served.url, TOKEN)
    assert list(other.journals()) == list(store.journals()) == [ID]
    assert other.read(ID) == store.read(ID) == client.read(ID)
    assert other.memories() == store.memories()
    assert other.memories(Filters(categories=("temporal",))) == store.memories(
        Filters(categories=("temporal",))
    )
    hits = other.search("parrot Picasso")
    assert hits
    assert [hit.id for hit in hits] == [hit.id for hit in store.search("parrot Picasso")]
    other.close()


def test_forgetting_over_the_network_leaves_no_byte_there(
    client: HttpStore, tmp_path: Path
) -> None:
    client.write(parrot())
    gone = client.forget([f"{ID}/1"])
    assert gone.memories == 1
    assert b"picasso" not in raw(tmp_path)
    assert b"talk on friday" in raw(tmp_path)


def test_what_is_edited_there_by_hand_is_known_here(client: HttpStore, store: FileStore) -> None:
    journal = parrot()
    client.write(journal)
    path = store.tree.path(ID)
    path.write_text(path.read_text("utf-8").replace("cheerful", "merry"), "utf-8")
    journal.turns.append(said(5, "Good night."))
    client.write(journal)
    assert journal.mood == "merry"
    assert [turn.text for turn in store.read(ID).turns][-1] == "Good night."


def test_while_the_server_is_away_talk_goes_on_and_is_handed_over_once(
    client: HttpStore, served: Served, store: FileStore, told: list[tuple[str, str]]
) -> None:
    journal = parrot()
    client.write(journal)
    served.stop()
    journal.turns.append(said(5, "I also have a dog called Rex."))
    journal.memories.append(kept(3, "Ada has a dog called Rex.", 5))
    for number in (1, 2, 3):
        client.write(another(number))
    client.write(journal)
    client.write(deepcopy(journal))
    assert len(client.journals()) == 4
    assert "Rex" in client.search("dog Rex")[0].text
    assert f"{ID}/3" in {memory.id for memory in client.memories()}
    [(text, remedy)] = told
    assert "cannot be reached" in text
    assert "assistant memory serve" in remedy
    assert list(store.journals()) == [ID]

    served.start()
    assert "Rex" in client.search("dog Rex")[0].text
    assert list(store.journals()) == [ID, *(another(number).id for number in (1, 2, 3))]
    assert len(store.read(ID).turns) == 5
    assert [memory.id for memory in store.read(ID).memories] == [f"{ID}/{n}" for n in (1, 2, 3)]
    assert len(store.memories()) == 6
    assert "answers again" in told[1][0]
    assert told[1][1] == ""
    client.write(journal)
    assert len(store.memories()) == 6
    assert len(told) == 2


def test_each_outage_is_told_once(
    client: HttpStore, served: Served, told: list[tuple[str, str]]
) -> None:
    for _ in range(2):
        served.stop()
        client.memories()
        client.memories()
        served.start()
        client.memories()
    assert len(told) == 4


def test_what_was_forgotten_while_the_server_was_away_is_forgotten_when_it_is_back(
    client: HttpStore, served: Served, tmp_path: Path
) -> None:
    journal = parrot()
    client.write(journal)
    served.stop()
    with pytest.raises(MemoryFailure, match="not yet"):
        client.forget([f"{ID}/1"])
    client.write(journal)  # a conversation that has not heard of it
    assert not any("Picasso" in hit.text for hit in client.search("Picasso"))
    assert b"picasso" in raw(tmp_path)
    served.start()
    client.write(journal)
    assert b"picasso" not in raw(tmp_path)
    assert "Picasso" not in str(client.read(ID))


def test_what_another_machine_forgot_does_not_come_back_with_the_next_write(
    client: HttpStore, served: Served, make_store: Maker, tmp_path: Path
) -> None:
    """Even where the server was started anew in between, and remembers no forgetting."""
    journal = parrot()
    client.write(journal)
    served.stop()
    served.store = make_store()
    served.start()
    other = HttpStore(served.url, TOKEN)
    other.forget([f"{ID}/1"])
    other.close()
    served.stop()
    served.store = make_store()
    served.start()
    journal.turns.append(said(5, "Good night."))
    client.write(journal)
    assert b"picasso" not in raw(tmp_path)
    assert b"good night" in raw(tmp_path)
    assert "Picasso" not in str(journal)


def test_the_end_says_what_could_not_be_handed_over(
    served: Served, told: list[tuple[str, str]]
) -> None:
    client = HttpStore(served.url, TOKEN, retry=0)
    served.stop()
    client.write(parrot())
    with pytest.raises(MemoryFailure, match="conversations: 1"):
        client.close()


def test_a_wrong_token_is_refused_and_said_so(served: Served, store: FileStore) -> None:
    for token in ("", "another"):
        client = HttpStore(served.url, token)
        with pytest.raises(MemoryFailure) as failure:
            client.write(parrot())
        assert "ASSISTANT_MEMORY_TOKEN" in failure.value.remedy
        with pytest.raises(MemoryFailure):
            client.memories()
        client.close()
    assert list(store.journals()) == []


def test_a_journal_that_the_server_refuses_does_not_hold_up_the_others(
    client: HttpStore, served: Served, store: FileStore, told: list[tuple[str, str]]
) -> None:
    served.stop()
    bad = another(1)
    bad.began = bad.began.replace(tzinfo=None)
    client.write(bad)
    client.write(another(2))
    served.start()
    client.memories()
    assert list(store.journals()) == [another(2).id]
    assert any("zone" in text for text, _ in told)
    client._kept.drop(bad.id)


def test_half_a_character_crosses_the_network_as_a_mark(client: HttpStore) -> None:
    journal = parrot()
    journal.turns.append(said(5, "caf\udce9"))
    client.write(journal)
    assert client.read(ID).turns[-1].text == "caf\ufffd"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8990",
        "ftp://host",
        "http://",
        "http://host:99999",
        "http://ada:secret@host",
        "http://host/?token=secret",
    ],
)
def test_an_address_that_is_none_or_tells_a_secret_is_refused(url: str) -> None:
    with pytest.raises(MemoryFailure) as failure:
        checked_address(url)
    assert failure.value.remedy
    assert "secret" not in str(failure.value)


def test_another_web_server_is_not_taken_for_a_memory(served: Served) -> None:
    client = HttpStore(f"{served.url}/elsewhere", TOKEN)
    with pytest.raises(MemoryFailure):
        client.memories()
    client.close()


def test_the_token_is_of_the_environment_or_of_a_file_that_nobody_else_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("ASSISTANT_MEMORY_TOKEN", raising=False)
    assert client_token() == ""
    token_file().parent.mkdir(parents=True)
    token_file().write_text("from-the-file\n")
    token_file().chmod(0o644)
    with pytest.raises(MemoryFailure) as failure:
        client_token()
    assert "chmod 600" in failure.value.remedy
    token_file().chmod(0o600)
    assert client_token() == "from-the-file"
    monkeypatch.setenv("ASSISTANT_MEMORY_TOKEN", "from-the-environment")
    assert client_token() == "from-the-environment"
    monkeypatch.setenv("ASSISTANT_MEMORY_TOKEN", "two\nlines")
    with pytest.raises(MemoryFailure):
        client_token()


async def test_a_conversation_hears_that_the_server_is_away(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_MEMORY_TOKEN", TOKEN)
    served.stop()
    events: list[SessionEvent] = []
    memory = MemoryService(open_store(MemoryConfig(server=served.url)))
    memory.begin(events.append, lambda: "jarvis")
    await memory.opened()
    memory.heard("Remember that my parrot is called Picasso.")
    assert [each.text for each in await memory.known()]
    served.start()
    await memory.close()
    await asyncio.sleep(0)
    assert [memory.text for memory in served.store.memories()]
    texts = [event.text for event in events if isinstance(event, Notice)]
    assert sum("cannot be reached" in text for text in texts) == 1
    assert sum("answers again" in text for text in texts) == 1


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["say", "say", "say", "forget", "stop", "start", "look"]),
            st.integers(1, 3),
        ),
        max_size=12,
    )
)
@example([("stop", 1), ("say", 3), ("forget", 3), ("start", 1), ("say", 1), ("say", 3)])
def test_whenever_the_server_goes_and_comes_nothing_is_lost_and_nothing_doubled(
    steps: list[tuple[str, int]],
) -> None:
    there = InMemoryStore()
    talks = {number: another(number) for number in (1, 2, 3)}
    said_in: dict[int, int] = {}
    forgotten: set[str] = set()
    with Served(there) as served:
        client = HttpStore(served.url, TOKEN, retry=0)
        for step, number in steps:
            talk = talks[number]
            match step:
                case "say":
                    said_in[number] = said_in.get(number, 1) + 1
                    turn = said_in[number]
                    talk.turns.append(said(turn, f"Word {number * 1_000 + turn} of mine."))
                    client.write(talk)
                case "forget" if number in said_in:
                    with suppress(MemoryFailure):
                        client.forget([f"{talk.id}#{said_in[number]}"])
                    forgotten.add(f"{talk.id}#{said_in[number]}")
                case "stop":
                    served.stop()
                case "start":
                    served.start()
                case _:
                    client.search("word")
        served.start()
        client.journals()
        client.close()
    found = [f"{id}#{turn.number}" for id in there.journals() for turn in there.read(id).turns]
    wanted = {
        f"{talks[number].id}#{turn}"
        for number, last in said_in.items()
        for turn in range(1, last + 1)
    }
    assert sorted(found) == sorted(wanted - forgotten)
