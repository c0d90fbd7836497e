"""Who spoke and was not understood is told so: once, and only if it was he who spoke."""

from __future__ import annotations

from assistant.frames import UserText, UserTurnEnded
from tests.fakes import FakeAudio, FakeBrain, FakeFrontEnd
from tests.session.conftest import EnterRoom
from tests.session.room import Room


def mumble(room: Room, *, unclear: bool = True) -> None:
    """A turn of the user's of which the recogniser makes nothing."""
    room.begin_to_speak()
    room.audio.front.voice = False
    room.backend.emit(UserTurnEnded(side="user", at=room.now))
    room.backend.emit(UserText(text="", final=True, speech_end=room.now, unclear=unclear))


def lines(room: Room) -> list[str]:
    return list(room.session.persona.lines.not_understood)


async def settle(room: Room) -> None:
    await room.session.settled()
    await room.calm()
    await room.listen_to_the_end()


async def test_it_says_that_it_did_not_understand(enter_room: EnterRoom) -> None:
    room = await enter_room()
    mumble(room)
    await settle(room)
    (answer,) = room.answers()
    assert answer in lines(room)
    assert room.session.state == "idle"


async def test_it_does_not_say_so_twice_running(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["Five."]))
    for _ in range(2):
        mumble(room)
        await settle(room)
        room.now += 5.0
        await room.play(2.0)
    assert len(room.answers()) == 1
    await room.speak("How many are there?")
    await settle(room)
    room.now += 5.0
    await room.play(2.0)
    mumble(room)
    await settle(room)
    assert len(room.answers()) == 3, "it has understood something since"


async def test_a_cough_is_answered_with_nothing(enter_room: EnterRoom) -> None:
    room = await enter_room()
    mumble(room, unclear=False)
    await settle(room)
    assert room.answers() == []


async def test_what_may_be_its_own_echo_is_not_asked_about(enter_room: EnterRoom) -> None:
    audio = FakeAudio()
    audio.front = FakeFrontEnd(clean=True)
    room = await enter_room(FakeBrain(["One two three four five six seven."]), audio=audio)
    await room.speak("Count.")
    await room.play(0.8)
    mumble(room)
    await room.play(0.4)
    await room.listen_to_the_end()
    assert not set(room.answers()) & set(lines(room))
