"""Skills in a session: no model is asked, and what a model is offered stays small."""

from __future__ import annotations

import json
from random import Random

from assistant.brain.prompt import MAX_TOOLS_CHARS
from assistant.brain.scripted import ScriptedBrain
from assistant.brain.scripted.lines import fill
from assistant.skills import SkillSet, SkillSources, all_skills
from assistant.tools.builtin import builtin_tools
from assistant.tools.registry import ToolRegistry
from tests.fakes import FakeBrain
from tests.session.conftest import EnterRoom, enter_room
from tests.tools.test_builtin import Controls

__all__ = ["enter_room"]


async def test_what_is_asked_in_words_is_done_without_a_model(enter_room: EnterRoom) -> None:
    room = await enter_room()
    await room.speak("JARVIS, how do you spell necessary?")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "Necessary: N, E, C, E, S, S, A, R, Y."
    await room.speak("add milk to my shopping list")
    await room.listen_to_the_end()
    assert room.answers()[-1].startswith("Milk is on your shopping list now.")
    await room.speak("what did i say before that")
    assert len(room.brain.questions) == 1
    await room.listen_to_the_end()
    await room.speak("What did I just say?")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "You said: what did i say before that"


async def test_an_ordinary_sentence_goes_to_who_answers(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["Oh dear."]))
    await room.speak("the timer on my oven is broken")
    await room.listen_to_the_end()
    assert room.answers() == ["Oh dear."]


def test_a_model_is_offered_few_of_them() -> None:
    tools = [*builtin_tools(Controls()), *SkillSet(all_skills(SkillSources())).tools]
    offered = ToolRegistry(tools).schemas()
    assert {"set_timer", "add_to_list", "about_yourself"} <= {each["name"] for each in offered}
    assert len(offered) <= 16
    assert sum(len(json.dumps(each)) for each in offered) < 0.8 * MAX_TOOLS_CHARS


async def test_what_was_asked_back_is_answered(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["Ten what?"]))
    await room.speak("Set a tea timer.")
    await room.listen_to_the_end()
    assert room.answers()[-1].startswith("For how long?")
    await room.speak("Ten minutes, please.")
    await room.listen_to_the_end()
    assert room.answers()[-1].startswith("Your tea timer is set: ten minutes.")
    await room.speak("Ten minutes.")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "Ten what?"


async def test_other_words_close_the_question(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["I see."], ["Ten what?"]))
    await room.speak("set an alarm")
    await room.listen_to_the_end()
    await room.speak("My parrot is green.")
    await room.listen_to_the_end()
    await room.speak("at ten")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "Ten what?"


async def test_what_was_talked_about_is_told_where_there_is_no_model(
    enter_room: EnterRoom,
) -> None:
    brain = FakeBrain(["Oh dear, the poor bird."], ["Noted."])
    brain.label = "scripted"
    room = await enter_room(brain)
    await room.speak("What did we talk about?")
    await room.listen_to_the_end()
    assert "You said" not in room.answers()[-1]
    await room.speak("My parrot Picasso is ill since Monday.")
    await room.listen_to_the_end()
    await room.speak("set a timer for ten minutes")
    await room.listen_to_the_end()
    await room.speak("Summarise what we talked about.")
    await room.listen_to_the_end()
    assert "My parrot Picasso is ill since Monday" in room.answers()[-1]
    assert "Your timer is set: ten minutes" in room.answers()[-1]


async def test_what_is_not_done_here_is_said_where_no_model_is(enter_room: EnterRoom) -> None:
    room = await enter_room(ScriptedBrain(Random(1)))
    await room.speak("What is the weather like tomorrow?")
    await room.listen_to_the_end()
    assert room.answers()[-1].startswith("I cannot see the weather from here.")
    assert "plugin" in room.answers()[-1]
    await room.speak("Play some jazz music.")
    await room.listen_to_the_end()
    own = [fill(line, room.session.persona, {}) for line in room.session.persona.lines.cannot_do]
    assert room.answers()[-1] in own, "in its own words, and how it could be done only once"
    await room.speak("Call an ambulance!")
    await room.listen_to_the_end()
    assert "emergency number yourself" in room.answers()[-1]


async def test_a_model_answers_those_itself(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["It rains, I suppose."]))
    await room.speak("What is the weather like tomorrow?")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "It rains, I suppose."
