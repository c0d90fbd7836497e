"""From words to deeds and answers, whoever asks: a person's sentence or a model's tool call."""

from __future__ import annotations

import pytest

from assistant.brain.base import BrainError
from assistant.calls.parser import ToolCall
from assistant.session.events import (
    BrainChosen,
    Notice,
    PersonaChanged,
    ToolCalled,
    ToolFinished,
    TurnStarted,
)
from tests.fakes import FakeBrain
from tests.session.conftest import EnterRoom
from tests.session.room import Room

CALL = 'TOOL_CALL: {"name": "change_theme", "arguments": {"persona_name": "GLaDOS"}}'


def in_pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


async def test_a_spoken_change_is_call_change_introduction_result(enter_room: EnterRoom) -> None:
    room = await enter_room()
    room.events.clear()
    await room.speak("Change to GLaDOS.")
    kinds = (ToolCalled, PersonaChanged, TurnStarted, ToolFinished)
    told = [name for name in room.names(*kinds) if name != "TurnStarted"]
    assert told == ["ToolCalled", "PersonaChanged", "ToolFinished"]
    begun = [e for e in room.events if isinstance(e, kinds)]
    introduction = next(
        at for at, e in enumerate(begun) if isinstance(e, TurnStarted) and e.side == "assistant"
    )
    assert isinstance(begun[introduction - 1], PersonaChanged)
    assert isinstance(begun[introduction + 1], ToolFinished)
    await room.listen_to_the_end()
    assert room.answers()[0] in room.session.persona.reintroductions
    assert room.session.persona.slug == "glados"
    assert room.brain.questions == [], "a model has nothing to say about it"


async def test_did_you_mean_then_yes_changes(enter_room: EnterRoom) -> None:
    room = await enter_room()
    await room.speak("Change to the door.", prompted="Change to GLaDOS.")
    assert "GLaDOS" in room.backend.said()
    assert room.session.persona.slug == "jarvis"
    await room.listen_to_the_end()
    await room.speak("Yes.")
    assert room.of(ToolFinished)[0].result.ok
    assert room.session.persona.slug == "glados"


async def test_did_you_mean_then_anything_else_is_answered_as_itself(
    enter_room: EnterRoom,
) -> None:
    brain = FakeBrain(["As you like."], ["You are welcome."])
    room = await enter_room(brain)
    await room.speak("Change to the door.", prompted="Change to GLaDOS.")
    await room.speak("No, open the door.")
    await room.speak("Yes.")
    assert [q.text for q in brain.questions] == ["No, open the door.", "Yes."]
    assert room.session.persona.slug == "jarvis"


@pytest.mark.parametrize("size", [1, 3, 11, 200])
async def test_a_models_tool_call_is_run_and_never_said(enter_room: EnterRoom, size: int) -> None:
    brain = FakeBrain(in_pieces(f"As you wish. {CALL}", size))
    room = await enter_room(brain)
    await room.speak("Could somebody less polite take over?")
    await room.listen_to_the_end()
    assert room.session.persona.slug == "glados"
    assert "TOOL_CALL" not in room.backend.said()
    assert "{" not in room.backend.said()
    assert "TOOL_CALL" not in room.transcript()
    assert room.answers()[-1] in room.session.persona.reintroductions
    assert len(brain.questions) == 1


async def test_a_tools_result_is_seen_by_the_model_before_it_goes_on(
    enter_room: EnterRoom,
) -> None:
    call = 'TOOL_CALL: {"name": "set_volume", "arguments": {"percent": 40}}'
    brain = FakeBrain(["Let me see. ", *in_pieces(call, 5)], ["There, softer."])
    room = await enter_room(brain)
    await room.speak("It is a bit loud in here, is it not?")
    await room.listen_to_the_end()
    assert room.session.sound.volume == 0.4
    again = brain.questions[1]
    assert again.text == ""
    assert [(m.role, m.text) for m in again.history] == [
        ("user", "It is a bit loud in here, is it not?"),
        ("assistant", "Let me see."),
        ("tool", "set_volume → 40"),
    ]
    assert room.answers() == ["Let me see. There, softer."]


async def test_a_call_nobody_can_read_is_told_to_the_model_and_the_log(
    enter_room: EnterRoom,
) -> None:
    brain = FakeBrain(['TOOL_CALL: {"name": "change_theme", "arguments": }'], ["Let us leave it."])
    room = await enter_room(brain)
    await room.speak("Somebody else, please?")
    await room.listen_to_the_end()
    assert "malformed" in brain.questions[1].history[-1].text
    assert any("tool call" in text for text in room.notices())
    assert room.answers() == ["Let us leave it."]


@pytest.mark.parametrize(
    "call",
    [
        'TOOL_CALL: {"name": "open_door", "arguments": {}}',
        'TOOL_CALL: {"name": "set_volume", "arguments": {"percent": 4000}}',
        'TOOL_CALL: {"name": "change_theme", "arguments": {"persona_name": "Zaphod"}}',
    ],
)
async def test_a_call_that_fails_is_a_result_like_any_other(
    enter_room: EnterRoom, call: str
) -> None:
    brain = FakeBrain([call], ["That I cannot do."])
    room = await enter_room(brain)
    await room.speak("Do something impossible.")
    await room.listen_to_the_end()
    assert not room.of(ToolFinished)[0].result.ok
    assert "error" in brain.questions[1].history[-1].text
    assert room.answers() == ["That I cannot do."]


async def test_a_model_that_only_ever_calls_tools_is_stopped_and_something_is_said(
    enter_room: EnterRoom,
) -> None:
    call = 'TOOL_CALL: {"name": "current_time", "arguments": {}}'
    brain = FakeBrain(*[[call] for _ in range(20)])
    room = await enter_room(brain)
    await room.speak("What do you think?")
    await room.listen_to_the_end()
    assert len(brain.questions) < 10
    assert room.answers()[0] in room.session.persona.lines.not_understood


async def test_a_tool_that_wants_asking_is_refused_where_nobody_can_be_asked(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain([CALL], ["I may not."]), permissions={"change_theme": "ask"})
    await room.speak("Somebody else, perhaps?")
    assert room.session.persona.slug == "jarvis"
    assert not room.of(ToolFinished)[0].result.ok


async def test_a_tool_that_wants_asking_runs_after_a_yes(enter_room: EnterRoom) -> None:
    asked: list[ToolCall] = []

    async def yes(call: ToolCall) -> bool:
        asked.append(call)
        return True

    room = await enter_room(FakeBrain([CALL]), permissions={"change_theme": "ask"})
    room.session.askers.add(yes)
    await room.speak("Somebody else, perhaps?")
    assert [call.name for call in asked] == ["change_theme"]
    assert room.session.persona.slug == "glados"


async def test_a_model_that_fails_before_a_word_is_excused_in_the_personas_words(
    enter_room: EnterRoom,
) -> None:
    brain = FakeBrain([BrainError("the model is gone", "start it again")], ["I am back."])
    room = await enter_room(brain)
    await room.speak("Are you there?")
    await room.listen_to_the_end()
    notice = room.of(Notice)[0]
    assert (notice.text, notice.remedy) == ("the model is gone", "start it again")
    assert room.answers()[0] in room.session.persona.lines.not_understood
    await room.speak("And now?")
    await room.listen_to_the_end()
    assert room.answers()[1] == "I am back."


async def test_a_model_that_fails_in_mid_answer_has_said_what_it_said(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(["The first half. ", BrainError("cut off")]))
    await room.speak("Tell me.")
    await room.listen_to_the_end()
    assert room.answers() == ["The first half."]
    assert room.notices() == ["cut off"]
    assert room.session.state == "idle"


async def test_a_brain_with_a_bug_costs_one_answer(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["Well, ", ValueError("a bug")], ["Fine."]))
    await room.speak("First?")
    await room.listen_to_the_end()
    assert "a bug" in room.notices()[0]
    assert room.session.state == "idle"
    await room.speak("Second?")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "Fine."


async def test_when_another_mind_takes_over_it_is_told(enter_room: EnterRoom) -> None:
    brain = FakeBrain(["I am the scripted one."])
    room = await enter_room(brain)
    brain.label = "scripted"
    await room.speak("Who answers?")
    assert [event.label for event in room.of(BrainChosen)] == ["a fake brain", "scripted"]


def said(room: Room, key: str) -> bool:
    """Whether the last turn is one of the persona's lines for `key`."""
    variants: list[str] = getattr(room.session.persona.lines, key)
    return any(room.answers()[-1].split()[0] == line.split()[0] for line in variants)


async def test_commands_to_the_voice_are_done_and_confirmed(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["A line worth hearing twice."]))
    await room.speak("Louder.")
    assert room.of(ToolFinished)[-1].result.ok
    await room.speak("Slower please.")
    assert room.session.speech.rate < 1.0
    await room.speak("Say something.")
    await room.listen_to_the_end()
    await room.speak("Repeat that.")
    await room.listen_to_the_end()
    assert room.answers()[-2:] == ["A line worth hearing twice."] * 2
    await room.speak("Which personas are there?")
    await room.listen_to_the_end()
    assert "GLaDOS" in room.answers()[-1]
    assert "HAL" in room.answers()[-1]


async def test_nothing_to_repeat_and_nobody_new_are_said_kindly(enter_room: EnterRoom) -> None:
    room = await enter_room()
    await room.speak("Repeat that.")
    await room.listen_to_the_end()
    assert said(room, "repeat_nothing")
    await room.speak("Change to JARVIS.")
    await room.listen_to_the_end()
    assert said(room, "already_here")
    assert room.of(PersonaChanged) == []


async def test_stop_is_obeyed_without_a_word(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["One two three four five six."]))
    await room.type("Count.")
    await room.play(0.16)
    await room.type("Stop.")
    assert room.session.state == "idle"
    assert room.answers() == ["One"]
    assert room.session.speech.quiet.is_set()


async def test_who_speaks_another_language_is_told_once_what_was_understood(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(["Mostly grapes."], ["Since Easter."]))
    await room.speak("What is in this wine?", language="de")
    said = room.backend.said()
    assert "You seem to be speaking German. I only speak English so far" in said
    assert "What is in this wine?" in said
    assert room.brain.questions == []
    await room.listen_to_the_end()
    await room.speak("What is in that bottle?", language="de")
    await room.listen_to_the_end()
    await room.play(1.0)
    await room.speak("How long has it been open?", language="fr")
    assert [q.text for q in room.brain.questions] == [
        "What is in that bottle?",
        "How long has it been open?",
    ]
    assert "French" not in room.backend.said()


async def test_a_wish_for_silence_is_obeyed_in_any_language(enter_room: EnterRoom) -> None:
    room = await enter_room()
    await room.speak("Stop.", language="de")
    assert "German" not in room.backend.said()
