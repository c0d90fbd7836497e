"""What the user has said is shown, kept and answered in its written form, and obeyed in either."""

from __future__ import annotations

from assistant.frames import UserText
from assistant.session.events import UserSaid
from tests.fakes import FakeBrain
from tests.session.conftest import EnterRoom, enter_room
from tests.session.room import cast_of_characters

__all__ = ["enter_room"]


async def test_everybody_gets_the_written_form(enter_room: EnterRoom) -> None:
    room = await enter_room(brain := FakeBrain(["Noted."]))
    await room.speak("My address is 4 8 Ridge Road. 4-0-7.")
    await room.listen_to_the_end()
    shown = "My address is 48 Ridge Road 407."
    assert room.user_turns() == [shown]
    assert [question.text for question in brain.questions] == [shown]
    assert room.history()[0] == ("user", shown)
    assert shown in room.transcript()


async def test_what_is_heard_so_far_is_shown_as_it_will_be(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["Noted."]))
    room.begin_to_speak()
    room.backend.emit(UserText(text="Saffron, S-A-F-F-R-O-N", final=False))
    assert [said.text for said in room.of(UserSaid)] == ["Saffron"]


async def test_a_number_in_two_turns_is_one(enter_room: EnterRoom) -> None:
    room = await enter_room(brain := FakeBrain(["Go on."], ["Noted."]))
    await room.speak("My number is eight eight eight, five one one.")
    await room.speak("Two nine three one.")
    await room.listen_to_the_end()
    assert brain.questions[-1].text == "My number is 888 511 2931."


async def test_a_persona_is_changed_to_by_its_name_in_words_and_letters(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room()
    for said, slug in (
        ("Change to HAL nine thousand.", "hal"),
        ("Change to T A R S.", "tars"),
        ("Switch to C three P O, please.", "c3po"),
    ):
        await room.speak(said)
        await room.listen_to_the_end()
        assert room.session.persona.slug == slug
    assert room.user_turns()[:2] == ["Change to HAL 9000.", "Change to TARS."]


async def test_a_name_that_is_known_in_words_only_is_obeyed(enter_room: EnterRoom) -> None:
    room = await enter_room()
    marvin = next(p for p in cast_of_characters() if p.slug == "marvin")
    agent = marvin.model_copy(
        update={"slug": "agent", "name": "Agent", "aliases": ["double oh seven"], "sounds_like": []}
    )
    room.session.replace_personas([*cast_of_characters(), agent], [])
    await room.speak("Change to double oh seven.")
    assert room.session.persona.slug == "agent"


async def test_what_is_typed_stays_as_it_was_typed(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["Noted."]))
    await room.type("4 8 Ridge Road")
    assert room.user_turns() == ["4 8 Ridge Road"]
