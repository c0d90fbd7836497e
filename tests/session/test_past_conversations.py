"""Earlier conversations are found by what was said in them, read, and gone on with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from assistant.session.events import ConversationResumed
from assistant.session.past_conversations import PastConversationError, PastConversations
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore
from tests.session.conftest import EnterRoom

FRIDAY = datetime(2026, 7, 17, 9, 41)
SATURDAY = datetime(2026, 7, 18, 18, 19)


def saved(folder: Path, time: datetime, *turns: tuple[str, str]) -> str:
    store = TranscriptStore(folder)
    for name, text in turns:
        side = "user" if name == "You" else "assistant"
        store.append(TranscriptEntry(time, side, name, text))
    store.close()
    assert store.path is not None
    return store.path.stem


async def test_the_newest_comes_first_and_words_of_both_sides_are_found(tmp_path: Path) -> None:
    owls = saved(tmp_path, FRIDAY, ("You", "Do owls sleep?"), ("JARVIS", "By day, sir."))
    tea = saved(tmp_path, SATURDAY, ("You", "Shall I have tea?"), ("GLaDOS", "Do. It is a test."))
    past = PastConversations(tmp_path)
    assert [each.id for each in await past.find()] == [tea, owls]
    assert [each.id for each in await past.find("DAY owls")] == [owls]
    assert [each.id for each in await past.find("glados")] == [tea]
    assert not await past.find("owls tea")


async def test_it_is_read_as_it_was_said(tmp_path: Path) -> None:
    store = TranscriptStore(tmp_path)
    store.append(TranscriptEntry(SATURDAY, "user", "You", "Tell me (all): everything"))
    cut = TranscriptEntry(SATURDAY, "assistant", "JARVIS", "Once upon a time", True, "Once upon")
    store.append(cut)
    store.close()
    past = PastConversations(tmp_path)
    (info,) = await past.find()
    read = await past.read(info.id)
    assert read.when == "Saturday 18 July 2026, 18:19"
    assert [(t.name, t.text, t.time, t.interrupted) for t in read.turns] == [
        ("You", "Tell me (all): everything", "18:19", False),
        ("JARVIS", "Once upon …", "18:19", True),
    ]


async def test_what_is_gone_is_told_with_what_to_do(tmp_path: Path) -> None:
    past = PastConversations(tmp_path / "nothing")
    assert not await past.find()
    with pytest.raises(PastConversationError, match="no saved conversation"):
        await past.read("../../etc/passwd")


async def test_the_conversation_that_goes_on_is_no_earlier_one(tmp_path: Path) -> None:
    id = saved(tmp_path, FRIDAY, ("You", "Hello."))
    past = PastConversations(tmp_path, lambda: tmp_path / f"{id}.md")
    assert not await past.find()
    with pytest.raises(PastConversationError, match="no saved conversation"):
        await past.read(id)


async def test_of_a_long_one_the_last_turns_are_told_and_a_huge_one_is_cut(tmp_path: Path) -> None:
    id = saved(tmp_path, FRIDAY, *(("You", f"Owl {n:02}.") for n in range(30)))
    past = await PastConversations(tmp_path).read(id)
    assert [each.text for each in past.last(2, 1_000)] == ["Owl 28.", "Owl 29."]
    assert [each.text for each in past.last(30, 35)] == ["Owl 27.", "Owl 28.", "Owl 29."]
    id = saved(tmp_path, SATURDAY, ("You", "Hello."), ("Bore " * 30, "word " * 100))
    past = await PastConversations(tmp_path).read(id)
    (cut,) = past.last(30, 200)
    assert len(cut.name) + len(cut.text) <= 202
    assert cut.text.startswith("word word")
    assert cut.text.endswith("…")


async def test_going_on_gives_its_turns_to_who_answers_and_says_so(
    enter_room: EnterRoom, tmp_path: Path
) -> None:
    id = saved(tmp_path / "transcripts", FRIDAY, ("You", "Do owls sleep?"), ("GLaDOS", "By day."))
    room = await enter_room()
    await room.session.resume(id)
    kept = [(m.role, m.text, m.persona) for m in room.session.history.messages()]
    assert kept == [("user", "Do owls sleep?", "jarvis"), ("assistant", "By day.", "glados")]
    (told,) = [each for each in room.events if isinstance(each, ConversationResumed)]
    assert told.began == "Friday 17 July 2026, 09:41"
    assert "Friday 17 July" in room.backend.said()
    assert "Do owls sleep?" in room.backend.said()
