"""A model may forget nothing on its own word; the user's own words are enough."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from assistant.calls.parser import ToolCall
from assistant.frames import FIRST_OWN_UTTERANCE, CallSpelled, Inject
from assistant.memory.base import Claim, Journal, Memory, Turn
from assistant.memory.service import MemoryService
from assistant.session.events import ToolFinished
from tests.fakes import FakeAudio, FakeBrain, FakeMemoryStore
from tests.session.room import Room
from tests.session.turns.test_full_duplex import MOSHI

JOURNAL = "2026-11-01T120000-jarvis"
ARGUMENTS = {"what": "my parrot"}
SPELLED = f"TOOL_CALL: {json.dumps({'name': 'forget', 'arguments': ARGUMENTS})}"
NATIVE = ToolCall("forget", ARGUMENTS, id="call00001")


def parrot() -> FakeMemoryStore:
    at = datetime(2026, 11, 1, 12).astimezone()
    known = Memory(
        id=f"{JOURNAL}/1",
        text="The user's parrot is called Picasso.",
        category="personal",
        at=at,
        persona="jarvis",
        turn=1,
        journal=JOURNAL,
        claim=Claim("user", "parrot's name", "Picasso"),
    )
    said = [Turn(1, "user", "You", "My parrot is called Picasso.", at)]
    return FakeMemoryStore(Journal(JOURNAL, at, "jarvis", memories=[known], turns=said))


async def enter(
    folder: Path, store: FakeMemoryStore, brain: FakeBrain, permission: str | None = None
) -> Room:
    room = Room(
        folder,
        brain,
        audio=FakeAudio(speaker=False),
        permissions={"forget": permission} if permission else None,
        memory=MemoryService(store),
    )
    await room.session.start()
    return room


class Consent:
    """A front end that asks, and a user who says yes or no."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer
        self.asked: list[ToolCall] = []

    async def __call__(self, call: ToolCall) -> bool:
        self.asked.append(call)
        return self.answer


@pytest.mark.parametrize("call", [SPELLED, NATIVE], ids=["spelled", "native"])
@pytest.mark.parametrize("agreed", [True, False])
async def test_a_model_forgets_only_what_the_user_agrees_to(
    tmp_path: Path, call: Any, agreed: bool
) -> None:
    store = parrot()
    room = await enter(tmp_path, store, FakeBrain([call], ["Well."]))
    consent = Consent(agreed)
    room.session.askers.add(consent)
    room.backend.come_up()
    await room.type("Tidy up a little.")
    await room.leave()
    assert [(c.name, c.origin) for c in consent.asked] == [("forget", "model")]
    assert len(store.memories()) == (0 if agreed else 1)


@pytest.mark.parametrize("call", [SPELLED, NATIVE], ids=["spelled", "native"])
async def test_where_nobody_can_be_asked_a_model_forgets_nothing_and_is_told_why(
    tmp_path: Path, call: Any
) -> None:
    store, brain = parrot(), FakeBrain([call], ["I may not."])
    room = await enter(tmp_path, store, brain)
    room.backend.come_up()
    await room.type("Tidy up a little.")
    await room.leave()
    assert len(store.memories()) == 1
    assert "consent" in brain.questions[1].history[-1].text


async def test_a_model_that_speaks_by_itself_forgets_nothing_without_consent(
    tmp_path: Path,
) -> None:
    store = parrot()
    room = await enter(tmp_path, store, FakeBrain())
    consent = Consent(False)
    room.session.askers.add(consent)
    room.backend.capabilities = MOSHI
    room.backend.come_up()
    room.backend.emit(CallSpelled(FIRST_OWN_UTTERANCE, SPELLED))
    await room.session.settled()
    await room.calm()
    assert not room.of(ToolFinished)[0].result.ok
    assert room.backend.of(Inject), "the model knows that it was refused"
    await room.leave()
    assert len(consent.asked) == 1
    assert len(store.memories()) == 1


@pytest.mark.parametrize("full_duplex", [False, True], ids=["cascade", "full duplex"])
async def test_the_users_own_words_need_no_further_question(
    tmp_path: Path, full_duplex: bool
) -> None:
    store = parrot()
    room = await enter(tmp_path, store, FakeBrain())
    consent = Consent(False)
    room.session.askers.add(consent)
    if full_duplex:
        room.backend.capabilities = MOSHI
        room.backend.come_up()
        await room.speak("Forget my parrot.")
    else:
        room.backend.come_up()
        await room.type("Forget my parrot.")
    await room.leave()
    assert consent.asked == []
    assert store.memories() == []


async def test_settings_may_let_a_model_forget(tmp_path: Path) -> None:
    store = parrot()
    room = await enter(tmp_path, store, FakeBrain([SPELLED], ["Done."]), permission="always")
    room.backend.come_up()
    await room.type("Tidy up a little.")
    await room.leave()
    assert store.memories() == []


async def test_settings_may_forbid_it_to_everyone(tmp_path: Path) -> None:
    store = parrot()
    room = await enter(tmp_path, store, FakeBrain(), permission="never")
    room.backend.come_up()
    await room.type("Forget my parrot.")
    await room.leave()
    assert len(store.memories()) == 1
