"""Words of the user's that stop the assistant are a turn, whatever it was saying, however it was
stopped: on the screen, in the transcript, in the history and the journal, and they are answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    AgentText,
    AudioOut,
    Capabilities,
    Overheard,
    UserText,
)
from assistant.memory.service import MemoryService
from assistant.session.events import AgentSaid
from tests.fakes import FakeAudio, FakeBrain, FakeFrontEnd, FakeMemoryStore
from tests.session.conftest import EnterRoom
from tests.session.room import Room
from tests.session.turns.test_full_duplex import MOSHI, VOICE

DOORS = "Open the pod bay doors."
LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."
CASCADE = Capabilities(user_text=True, say=True)

Speaks = Callable[[Room], Awaitable[None]]


def headset() -> FakeAudio:
    audio = FakeAudio()
    audio.front = FakeFrontEnd(clean=True)
    return audio


async def greets(room: Room) -> None:
    """The greeting has begun by itself."""


async def introduces(room: Room) -> None:
    await room.session.change_persona("hal")


async def introduces_when_told(room: Room) -> None:
    await room.speak("Change to HAL.")


async def says_a_notice(room: Room) -> None:
    room.session.say("The microphone that was lost is back again, and everything goes on.")


async def repeats(room: Room) -> None:
    room.session.say(LONG)
    await room.calm()
    await room.listen_to_the_end()
    room.session.repeat()


async def tells_a_result(room: Room) -> None:
    await room.speak("Which personas are there?")


async def answers(room: Room) -> None:
    await room.speak("Say the numbers up to fourteen.")


SPEAKS = [greets, introduces, introduces_when_told, says_a_notice, repeats, tells_a_result]


async def started(
    tmp_path: Path, capabilities: Capabilities, *, greeting: bool = False, long_answer: bool = False
) -> Room:
    store = FakeMemoryStore()
    brain = FakeBrain(*([[LONG]] if long_answer else []), ["I am afraid not."], ["No."])
    room = Room(
        tmp_path / "transcripts", brain, audio=headset(), greeting=greeting,
        memory=MemoryService(store),
    )  # fmt: skip
    room.backend.capabilities = capabilities
    await room.enter()
    room.store = store  # type: ignore[attr-defined]
    return room


async def kept_everywhere(room: Room, words: str) -> None:
    """On the screen, in the transcript on disk and in the journal, each once; then it is over."""
    assert room.user_turns().count(words) == 1
    assert room.transcript().count(f"): {words}\n") == 1
    await room.session.memory.recorder.write()  # type: ignore[attr-defined]
    (journal,) = room.store.kept.values()  # type: ignore[attr-defined]
    assert [turn.text for turn in journal.turns if turn.side == "user"].count(words) == 1
    await room.leave()


@pytest.mark.parametrize("speaks", SPEAKS)
async def test_words_that_interrupt_anything_are_a_turn_and_answered(
    tmp_path: Path, speaks: Speaks
) -> None:
    room = await started(tmp_path, CASCADE, greeting=speaks is greets)
    await speaks(room)
    await room.calm()
    await room.play(0.4)
    assert room.session.state == "speaking"
    room.audio.front.user_speaks(True)
    room.begin_to_speak()
    await room.play(0.8)
    room.finish_speaking(DOORS)
    await room.session.settled()
    await room.calm()
    assert any(event.interrupted for event in room.of(AgentSaid))
    await room.listen_to_the_end()
    assert room.answers()[-1] == "I am afraid not."
    assert ("user", DOORS) in room.history()
    await kept_everywhere(room, DOORS)


@pytest.mark.parametrize("speaks", SPEAKS)
async def test_typed_words_that_interrupt_anything_are_a_turn_and_answered(
    tmp_path: Path, speaks: Speaks
) -> None:
    room = await started(tmp_path, CASCADE, greeting=speaks is greets)
    await speaks(room)
    await room.calm()
    await room.play(0.4)
    await room.type(DOORS)
    await room.listen_to_the_end()
    assert room.answers()[-1] == "I am afraid not."
    await kept_everywhere(room, DOORS)


@pytest.mark.parametrize("speaks", [greets, introduces, introduces_when_told, repeats])
async def test_a_model_that_talks_by_itself_leaves_the_interrupting_words_their_turn(
    tmp_path: Path, speaks: Speaks
) -> None:
    room = await started(tmp_path, MOSHI, greeting=speaks is greets)
    await speaks(room)
    await room.calm()
    await room.play(0.4)
    room.audio.front.user_speaks(True)
    room.begin_to_speak()
    await room.play(0.8)
    room.finish_speaking(DOORS)
    await room.calm()
    room.backend.emit(AudioOut(FIRST_OWN_UTTERANCE + 5, VOICE))
    room.backend.emit(AgentText(FIRST_OWN_UTTERANCE + 5, "No, Dave.", 0, 1920))
    await room.play(0.4)
    await kept_everywhere(room, DOORS)


@pytest.mark.parametrize("speaks", [*SPEAKS, answers])
@pytest.mark.parametrize("last", ["Stop.", "", "Thank you for watching HAL 9000."])
async def test_stop_is_a_turn_though_the_recogniser_takes_its_words_back(
    tmp_path: Path, speaks: Speaks, last: str
) -> None:
    """The first words already stop it; what the whole turn is read as comes later, or never."""
    room = await started(
        tmp_path, CASCADE, greeting=speaks is greets, long_answer=speaks is answers
    )
    await speaks(room)
    await room.calm()
    await room.play(0.4)
    room.audio.front.user_speaks(True)
    room.begin_to_speak()
    room.backend.emit(UserText(text="Stop.", final=False))
    assert room.of(AgentSaid)[-1].interrupted
    room.finish_speaking(last)
    await room.session.settled()
    await room.calm()
    await kept_everywhere(room, last or "Stop.")


async def test_stop_is_a_turn_though_the_backend_dies_before_the_rest(tmp_path: Path) -> None:
    room = await started(tmp_path, CASCADE, greeting=True)
    await room.play(0.4)
    room.audio.front.user_speaks(True)
    room.begin_to_speak()
    room.backend.emit(UserText(text="Be quiet!", final=False))
    room.backend.crash()
    await room.calm()
    await kept_everywhere(room, "Be quiet!")


@pytest.mark.parametrize("words", ["Stop.", "Be quiet!", "Shut up."])
async def test_stop_heard_through_its_own_voice_is_a_turn_on_the_screen_too(
    tmp_path: Path, words: str
) -> None:
    room = await started(tmp_path, CASCADE, greeting=True)
    room.audio.front.clean = False
    await room.play(0.4)
    room.backend.emit(Overheard(words))
    await room.session.settled()
    await room.calm()
    assert room.session.state == "idle"
    await kept_everywhere(room, words)


async def test_its_own_stop_that_comes_back_through_the_room_is_nobodys_turn(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(["Stop and think, it says, and go on again after a while."]))
    await room.speak("What does it say?")
    await room.play(0.56)
    room.begin_to_speak(noticed=True)
    room.backend.emit(UserText(text="Stop.", final=False))
    room.finish_speaking("")
    await room.calm()
    assert room.user_turns() == ["What does it say?", ""]
    assert "Stop." not in room.transcript()
