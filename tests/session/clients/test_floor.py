"""Another program speaks and asks through a session: never in between, and what is answered is its
own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.frames import Say, UserText, UserTurnEnded, VoiceFeatures
from assistant.memory.service import MemoryService
from assistant.session.clients.requests import (
    LONGEST_TEXT,
    Answers,
    AnyRequest,
    AnyResult,
    Ask,
    Recall,
    Remember,
    RequestError,
    Speak,
    Spoken,
    Told,
)
from assistant.session.events import StateChanged, ToolCalled, TurnForClient
from tests.fakes import FakeAudio, FakeBrain, FakeMemoryStore, until
from tests.session.conftest import EnterRoom
from tests.session.room import Room
from tests.session.turns.test_full_duplex import MOSHI

CLIENT = "Claude Code"


class Waits:
    """A request that is under way, and what it was told to wait for."""

    def __init__(self, room: Room, request: AnyRequest, client: str = CLIENT) -> None:
        self.told: list[str] = []
        serve = room.session.serve_client(client, request, self.told.append)
        self.task: asyncio.Task[AnyResult] = asyncio.create_task(serve)

    @property
    def now(self) -> str:
        return self.told[-1] if self.told else ""


def at_once(room: Room) -> Room:
    """Nobody waits whether somebody is about to go on."""
    room.session.client_requests.grace = 0.0
    return room


async def while_playing(room: Room, condition: Callable[[], bool]) -> None:
    async def wait() -> None:
        await room.play(0.08)
        await asyncio.sleep(0.005)

    await until(condition, wait)


async def listening(room: Room, waits: Waits) -> None:
    """The question has been said."""
    await while_playing(room, lambda: waits.now == "waits for the answer")


async def asked(room: Room, *questions: str, **options: Any) -> Waits:
    waits = Waits(room, Ask(list(questions), **options))
    await listening(room, waits)
    return waits


def answers(waits: Waits) -> list[tuple[str, str]]:
    result = waits.task.result()
    assert isinstance(result, Answers)
    return [(each.text, each.outcome) for each in result.answers]


# -- speaking --------------------------------------------------------------------------------------


async def test_it_says_what_it_is_told_and_tells_what_was_heard(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    waits = Waits(room, Speak("The tests have passed."))
    await while_playing(room, waits.task.done)
    assert waits.task.result() == Spoken("The tests have passed.", interrupted=False, aloud=True)
    assert room.answers() == ["The tests have passed."]
    (mark,) = room.of(TurnForClient)
    assert (mark.side, mark.client) == ("assistant", CLIENT)


async def test_it_waits_until_the_user_has_been_answered(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room(FakeBrain(["Fine, thanks."])))
    room.begin_to_speak()
    waits = Waits(room, Speak("The tests have passed."))
    await room.play(1.0)
    assert waits.now == "waits until the user has finished talking"
    room.finish_speaking("How are you?")
    await while_playing(room, waits.task.done)
    assert room.answers() == ["Fine, thanks.", "The tests have passed."]


async def test_it_leaves_a_moment_in_which_the_user_may_go_on(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["Fine, thanks."]))
    room.session.client_requests.grace = 0.2
    waits = Waits(room, Speak("The tests have passed."))
    await asyncio.sleep(0.05)
    room.begin_to_speak()
    await asyncio.sleep(0.3)
    assert room.backend.said() == ""
    room.finish_speaking("How are you?")
    await while_playing(room, waits.task.done)
    assert room.answers() == ["Fine, thanks.", "The tests have passed."]


async def test_who_is_interrupted_is_told_how_far_it_came(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    waits = Waits(room, Speak("one two three four five six seven eight"))
    await while_playing(room, lambda: waits.now == "speaks")
    await room.play(0.4)
    room.session.interrupt()
    await until(waits.task.done)
    result = waits.task.result()
    assert isinstance(result, Spoken)
    assert result.interrupted
    assert result.heard.startswith("one two")
    assert "eight" not in result.heard


async def test_without_a_speaker_it_is_shown_and_that_is_told(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room(audio=FakeAudio(speaker=False)))
    waits = Waits(room, Speak("The tests have passed."))
    await until(waits.task.done)
    assert waits.task.result() == Spoken("The tests have passed.", interrupted=False, aloud=False)


async def test_another_persona_says_it_and_does_not_take_over(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    waits = Waits(room, Speak("Hello.", persona="GLaDOS", delivery="whispering"))
    await while_playing(room, waits.task.done)
    say = room.backend.of(Say)[-1]
    glados = next(each for each in room.session.personas() if each.slug == "glados")
    assert say.voice == glados.voice.spec()
    assert say.text.strip() == "Hello."
    assert room.session.persona.slug == "jarvis"
    plain = Waits(room, Speak("Hello."))
    await while_playing(room, plain.task.done)
    assert room.backend.of(Say)[-1].voice is None
    assert room.backend.of(Say)[-1].prosody != say.prosody


@pytest.mark.parametrize(
    ("request_", "told", "remedy"),
    [
        (Speak("Hello.", persona="Nobody"), "no persona called “Nobody”", "glados"),
        (Speak("Hello.", delivery="sideways"), "no delivery called “sideways”", "whispering"),
        (Speak(" \n"), "the text is empty", "send"),
        (Speak("a" * (LONGEST_TEXT + 1)), "2,501 characters", "2,500"),
        (Ask([]), "0 questions", "1 to"),
        (Ask(["What?"], timeout_s=0), "timeout of 0 s", "more than 0"),
        (Ask(["What?"], timeout_s=float("nan")), "timeout of nan s", "more than 0"),
    ],
)
async def test_what_cannot_be_done_is_told_with_a_remedy(
    enter_room: EnterRoom, request_: AnyRequest, told: str, remedy: str
) -> None:
    room = at_once(await enter_room())
    with pytest.raises(RequestError, match=told) as error:
        await room.session.serve_client(CLIENT, request_, lambda text: None)
    assert remedy in error.value.remedy
    assert room.backend.said() == ""


async def test_a_model_that_speaks_for_itself_is_not_interrupted(tmp_path: Path) -> None:
    room = at_once(Room(tmp_path))
    await room.session.start()
    room.backend.capabilities = MOSHI
    room.backend.come_up()
    with pytest.raises(RequestError, match="speaks for itself") as error:
        await room.session.serve_client(CLIENT, Speak("Hello."), lambda text: None)
    assert "cascade" in error.value.remedy
    await room.leave()


# -- asking ----------------------------------------------------------------------------------------


async def test_what_is_answered_goes_to_the_program_alone(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room(FakeBrain(["Never heard."])))
    waits = await asked(room, "Which database?")
    await room.speak("Change to GLaDOS and set a timer for ten minutes.")
    await until(waits.task.done)
    assert answers(waits) == [("Change to GLaDOS and set a timer for ten minutes.", "answered")]
    await room.play(1.0)
    assert room.brain.questions == []
    assert room.of(ToolCalled) == []
    assert room.session.persona.slug == "jarvis"
    assert room.answers() == ["Which database?"]
    assert [(each.side, each.client) for each in room.of(TurnForClient)] == [
        ("assistant", CLIENT),
        ("user", CLIENT),
    ]


async def test_afterwards_the_user_talks_to_the_assistant_again(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room(FakeBrain(["Fine, thanks."])))
    waits = await asked(room, "Which database?")
    await room.speak("The small one.")
    await until(waits.task.done)
    await room.speak("How are you?")
    await room.listen_to_the_end()
    assert room.answers() == ["Which database?", "Fine, thanks."]


async def test_that_it_was_heard_can_be_heard(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    waits = await asked(room, "Which database?")
    assert not (await room.play(0.5)).any()
    await room.speak("The small one.")
    await until(waits.task.done)
    cue = await room.play(0.5)
    assert abs(cue).max() > 0.05
    assert room.session.is_silent


async def test_several_questions_are_asked_one_by_one(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    waits = await asked(room, "Which database?", "Which port?")
    assert room.answers() == ["Which database?"]
    await room.speak("The small one.")
    await while_playing(room, lambda: room.answers() == ["Which database?", "Which port?"])
    await listening(room, waits)
    await room.speak("8080.")
    await until(waits.task.done)
    assert answers(waits) == [("The small one.", "answered"), ("8080.", "answered")]


async def test_what_is_added_before_the_next_question_belongs_to_the_answer(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(["Never heard."]))
    room.session.client_requests.grace = 0.3
    waits = await asked(room, "Which database?", "Which port?")
    await room.speak("The small one.")
    await room.speak("In the kitchen.")
    await while_playing(room, lambda: waits.told.count("waits for the answer") == 2)
    await room.speak("8080.")
    await until(waits.task.done)
    assert [text for text, _ in answers(waits)] == ["The small one. In the kitchen.", "8080."]
    assert room.brain.questions == []


async def test_how_it_was_said_is_told(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    waits = await asked(room, "Shall I go on?")
    room.begin_to_speak()
    room.backend.emit(UserTurnEnded(side="user", at=room.now))
    voice = VoiceFeatures(
        f0_median=12.0,
        f0_high=15.0,
        f0_range=6.0,
        alpha_ratio=1.0,
        hammarberg_index=1.0,
        voiced=1.5,
    )
    text = "No, this is so frustrating, I already told you twice!"
    room.backend.emit(UserText(text=text, final=True, speech_end=room.now, voice=voice))
    await until(waits.task.done)
    result = waits.task.result()
    assert isinstance(result, Answers)
    (answer,) = result.answers
    assert answer.feeling == "frustrated"
    assert answer.confidence > 0
    assert answer.cues
    assert answer.voice is not None
    assert answer.voice.pitch_hz == 200.0


async def test_an_answer_over_the_question_ends_it(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    waits = Waits(room, Ask(["Shall I use the very large or the very small database for it?"]))
    await while_playing(room, lambda: waits.now == "asks")
    await room.play(0.4)
    await room.speak("The small one.")
    await until(waits.task.done)
    assert answers(waits) == [("The small one.", "answered")]
    assert room.session.is_silent
    assert "for it" not in room.answers()[0]


async def test_a_sign_of_listening_is_no_answer(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    waits = Waits(room, Ask(["Shall I use the very large or the very small database for it?"]))
    await while_playing(room, lambda: waits.now == "asks")
    await room.play(0.4)
    await room.speak("Mm-hm.")
    await listening(room, waits)
    assert not waits.task.done()
    await room.speak("The small one.")
    await until(waits.task.done)
    assert answers(waits) == [("The small one.", "answered")]


async def test_it_is_said_again_to_who_asks_for_that(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    waits = await asked(room, "Which database?")
    await room.speak("Say that again.")
    await while_playing(room, lambda: waits.told.count("waits for the answer") == 2)
    assert room.answers() == ["Which database?", "Which database?"]
    await room.speak("The small one.")
    await until(waits.task.done)
    assert answers(waits) == [("The small one.", "answered")]


async def test_who_wants_no_questions_is_asked_no_more(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    waits = await asked(room, "Which database?", "Which port?")
    await room.speak("Stop.")
    await until(waits.task.done)
    assert answers(waits) == [("Stop.", "declined")]
    await room.play(1.0)
    assert room.answers() == ["Which database?"]


async def test_silence_is_told_and_why_it_may_be(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    room.session.set_muted(True)
    waits = await asked(room, "Which database?", "Which port?", timeout_s=0.1)
    await until(waits.task.done)
    result = waits.task.result()
    assert isinstance(result, Answers)
    (answer,) = result.answers
    assert (answer.outcome, answer.note) == ("silence", "the microphone is muted")


async def test_who_has_begun_to_speak_may_end(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    waits = await asked(room, "Which database?", timeout_s=0.1)
    room.begin_to_speak()
    await asyncio.sleep(0.3)
    assert not waits.task.done()
    room.finish_speaking("The small one.")
    await until(waits.task.done)
    assert answers(waits) == [("The small one.", "answered")]


async def test_it_may_be_typed(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room(FakeBrain(["Never heard."])))
    waits = await asked(room, "Which database?")
    await room.type("sqlite")
    await until(waits.task.done)
    result = waits.task.result()
    assert isinstance(result, Answers)
    assert (result.answers[0].text, result.answers[0].typed) == ("sqlite", True)
    assert room.brain.questions == []


async def test_it_is_in_the_transcript_and_not_in_memory(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = at_once(Room(tmp_path / "said", memory=MemoryService(store)))
    await room.enter()
    waits = await asked(room, "What is your parrot called?")
    await room.speak("My parrot is called Picasso.")
    await until(waits.task.done)
    await room.leave()
    assert "What is your parrot called?" in room.transcript()
    assert "My parrot is called Picasso." in room.transcript()
    assert store.memories() == []
    assert [turn for id in store.journals() for turn in store.read(id).turns] == []


# -- cancelling, and several programs --------------------------------------------------------------


async def test_cancelled_it_falls_silent_and_listens_no_longer(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room(FakeBrain(["Fine, thanks."])))
    waits = Waits(room, Ask(["Shall I use the very large or the very small database for it?"]))
    await while_playing(room, lambda: waits.now == "asks")
    await room.play(0.4)
    waits.task.cancel()
    await room.calm()
    assert room.session.is_silent
    await room.play(0.2)
    assert not (await room.play(0.5)).any()
    await room.speak("How are you?")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "Fine, thanks."


async def test_an_answer_that_is_cancelled_halfway_goes_nowhere(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room(FakeBrain(["Fine, thanks."])))
    waits = await asked(room, "Which database?")
    room.begin_to_speak()
    waits.task.cancel()
    await room.calm()
    room.finish_speaking("Delete the large one.")
    await room.play(0.5)
    assert room.brain.questions == []
    await room.speak("How are you?")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "Fine, thanks."


async def test_programs_take_turns_in_the_order_in_which_they_asked(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    first = await asked(room, "Which database?")
    others = [Waits(room, Speak(f"I am {name}."), name) for name in ("goose", "Zed", "Aider")]
    await room.calm()
    assert [each.now for each in others] == [
        "waits for its turn: one request is before it",
        "waits for its turn: 2 requests are before it",
        "waits for its turn: 3 requests are before it",
    ]
    others[1].task.cancel()
    await room.speak("The small one.")
    await while_playing(room, others[2].task.done)
    assert first.task.done()
    assert room.answers() == ["Which database?", "I am goose.", "I am Aider."]


async def test_while_the_voice_is_loaded_it_waits(tmp_path: Path) -> None:
    room = at_once(Room(tmp_path))
    await room.session.start()
    waits = Waits(room, Speak("Hello."))
    await room.calm()
    assert waits.now == "waits until the voice is loaded"
    room.backend.come_up()
    await while_playing(room, waits.task.done)
    assert room.answers() == ["Hello."]
    assert room.of(StateChanged)
    await room.leave()


# -- memory ----------------------------------------------------------------------------------------


async def told(room: Room, request: AnyRequest) -> Told:
    result = await room.session.serve_client(CLIENT, request, lambda text: None)
    assert isinstance(result, Told)
    return result


async def test_it_remembers_and_recalls(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = await Room(tmp_path / "said", memory=MemoryService(store)).enter()
    kept = await told(room, Remember("my parrot is called Picasso"))
    assert kept.done
    assert [each.text for each in store.memories()] == ["The user's parrot is called Picasso."]
    found = await told(room, Recall("parrot"))
    assert "Picasso" in found.text
    calls = [(each.call.name, each.call.origin) for each in room.of(ToolCalled)]
    assert calls == [("remember", "client"), ("recall", "client")]
    assert room.backend.said() == ""
    await room.leave()


async def test_a_secret_is_refused_as_it_is_to_the_user(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = await Room(tmp_path / "said", memory=MemoryService(store)).enter()
    refused = await told(room, Remember("my password is hunter2secret"))
    assert not refused.done
    assert "password" in refused.text.lower() or "secret" in refused.text.lower()
    assert store.memories() == []
    await room.leave()


async def test_what_the_user_never_allows_is_not_remembered(tmp_path: Path) -> None:
    store = FakeMemoryStore()
    room = Room(tmp_path / "said", memory=MemoryService(store), permissions={"remember": "never"})
    await room.enter()
    refused = await told(room, Remember("my parrot is called Picasso"))
    assert not refused.done
    assert store.memories() == []
    await room.leave()


async def test_without_memory_it_says_so(enter_room: EnterRoom) -> None:
    room = await enter_room()
    for request in (Remember("my parrot is called Picasso"), Recall("parrot")):
        answer = await told(room, request)
        assert not answer.done
        assert "switched off" in answer.text


# -- a session for other programs alone ------------------------------------------------------------


async def test_where_only_programs_talk_nobody_else_answers(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room(FakeBrain(["Never heard."])))
    room.session.client_requests.listener.alone = True
    await room.speak("Change to GLaDOS.")
    await room.speak("How are you?")
    assert room.brain.questions == []
    assert room.of(ToolCalled) == []
    waits = await asked(room, "Which database?")
    await room.speak("The small one.")
    await until(waits.task.done)
    assert answers(waits) == [("The small one.", "answered")]


async def test_there_too_it_stops_when_it_is_told_to(enter_room: EnterRoom) -> None:
    room = at_once(await enter_room())
    room.session.client_requests.listener.alone = True
    waits = Waits(room, Speak("one two three four five six seven eight"))
    await while_playing(room, lambda: waits.now == "speaks")
    await room.play(0.4)
    await room.speak("Stop.")
    await until(waits.task.done)
    result = waits.task.result()
    assert isinstance(result, Spoken)
    assert result.interrupted
