"""Who asks for notes gets them, in time and without anybody hearing of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.brain.base import Piece, Question
from assistant.brain.choose import FallbackBrain
from assistant.brain.prompt import BLOCK, HISTORY, build_messages
from assistant.brain.scripted import ScriptedBrain
from assistant.frames import (
    FRAME_SAMPLES,
    Capabilities,
    Inject,
    NotesWanted,
    Prefill,
    Say,
)
from assistant.session.events import Notice
from tests.fakes import until
from tests.session.notes.models import FakeModel
from tests.session.room import Room
from tests.session.turns.test_full_duplex import MOSHI, speak

PLAIN = Capabilities(full_duplex=True, answers_by_itself=True, user_text=True, say=True)


class Model(FakeModel):
    """A language model that answers questions, too."""

    label = "a fake model"
    url = "http://127.0.0.1:1/v1"

    def __init__(self, notes: Any) -> None:
        super().__init__(notes)
        self.questions: list[Question] = []

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        self.questions.append(question)
        yield f"That was answer number {len(self.questions)}."

    async def close(self) -> None:
        pass


async def enter(
    folder: Path, notes: Any = None, capabilities: Capabilities = MOSHI
) -> tuple[Room, Model]:
    model = Model(notes)

    async def brain(notify: object) -> FallbackBrain | ScriptedBrain:
        if notes is None:
            return ScriptedBrain()
        return FallbackBrain(model, ScriptedBrain(), lambda error: None)

    room = Room(folder, make_brain=brain)
    room.backend.capabilities = capabilities
    return await room.enter(), model


def swaps(room: Room) -> list[Prefill]:
    return [command for command in room.backend.of(Prefill) if command.swap]


async def ask(room: Room, seconds: float = 30.0, slug: str = "") -> None:
    room.backend.emit(NotesWanted(slug or room.session.persona.slug, seconds))


async def test_notes_become_part_of_the_prompt_of_the_persona_in_charge(tmp_path: Path) -> None:
    room, model = await enter(tmp_path, {"notes": "The user has a parrot that bites."})
    await room.speak("My parrot is called Picasso.")
    speak(room, 1, "How charming.")
    await room.listen_to_the_end()
    await ask(room)
    await until(lambda: bool(swaps(room)))
    (swap,) = swaps(room)
    persona = room.session.persona.prompt_for_backend()
    assert (swap.prompt.slug, swap.prompt.text) == (persona.slug, persona.text)
    assert "The user has a parrot that bites." in swap.prompt.notes
    assert "Picasso" in swap.prompt.notes, "what was told is never left out"
    assert "How charming." in str(model.asked)
    assert not room.backend.of(Say)
    assert not room.of(Notice)
    await room.leave()


async def test_the_next_notes_are_made_of_the_last_and_of_what_is_new(tmp_path: Path) -> None:
    room, model = await enter(tmp_path, {"notes": "They talk about birds."})
    await room.speak("Do you like birds?")
    await ask(room)
    await until(lambda: len(swaps(room)) == 1)
    await room.speak("And what about fish?")
    await ask(room)
    await until(lambda: len(swaps(room)) == 2)
    second = str(model.asked[1])
    assert "They talk about birds." in second
    assert "fish" in second
    assert "Do you like birds" not in second
    await room.leave()


@pytest.mark.parametrize("notes", [None, RuntimeError("no"), {"notes": ""}, asyncio.Event])
async def test_without_a_model_or_with_one_that_fails_nobody_hears_of_it(
    tmp_path: Path, notes: Any
) -> None:
    """None, broken, empty, hung: the facts and the last words are the notes, ten times over."""
    room, _ = await enter(tmp_path, notes() if notes is asyncio.Event else notes)
    await room.speak("My sister Grace lives in Leeds.")
    for n in range(10):
        await room.speak(f"Tell me something about number {n}, will you?")
        speak(room, n + 1, f"Number {n} is small.")
        await room.listen_to_the_end()
        await ask(room, seconds=1.05)
        await until(lambda: len(swaps(room)) == n + 1)  # noqa: B023
    last = swaps(room)[-1].prompt.notes
    assert "Grace" in last
    assert "Number 9 is small" in last
    assert "Number 3 is small" not in last
    assert len(last.split()) <= 210
    assert not room.backend.of(Say)
    assert not room.of(Notice)
    await room.leave()


async def test_a_change_of_persona_cancels_them(tmp_path: Path) -> None:
    never = asyncio.Event()
    room, model = await enter(tmp_path, never)
    await room.speak("Do you like birds?")
    await ask(room)
    await until(lambda: bool(model.asked))
    await room.speak("change to GLaDOS")
    await until(lambda: model.given_up == 1)
    await ask(room, slug="jarvis")
    never.set()
    await room.calm()
    assert not swaps(room), "and what the old one's context asks for comes too late"
    await room.speak("Who are you?")
    await ask(room)
    await until(lambda: bool(swaps(room)))
    assert swaps(room)[0].prompt.slug == "glados"
    assert "birds" not in str(model.asked[-1]), "her state knows nothing of it"
    await room.leave()


async def test_plain_moshi_is_told(tmp_path: Path) -> None:
    room, _ = await enter(tmp_path, {"notes": "They talk about birds."}, PLAIN)
    await room.speak("Do you like birds?")
    room.backend.emit(NotesWanted("", 30.0, as_prompt=False))
    await until(lambda: bool(room.backend.of(Inject)))
    assert "They talk about birds." in room.backend.of(Inject)[-1].context
    assert not swaps(room)
    await room.leave()


async def test_where_the_conversation_has_to_begin_anew_the_persona_says_so(tmp_path: Path) -> None:
    """A foreign server; where there are snapshots nothing is said."""
    for capabilities in (PLAIN, MOSHI):
        room, _ = await enter(tmp_path, {"notes": "They talk about birds."}, capabilities)
        await room.speak("Do you like birds?")
        await ask(room)
        await until(lambda: bool(swaps(room)))  # noqa: B023
        line = swaps(room)[0].line
        own = room.session.persona.lines.let_me_think
        assert line in own if capabilities is PLAIN else line == ""
        await room.leave()


# -- the cascade's language model --------------------------------------------------------------


async def talk(room: Room, *texts: str, pause: bool = True) -> None:
    """Turns with their answers and, where there is a `pause`, time enough for a summary."""
    for text in texts:
        await room.type(text)
        await room.listen_to_the_end()
        making = room.session._summary._making
        if pause and making is not None:
            await making


def wonder(turns: int, first: int = 0) -> list[str]:
    return [f"I wonder about thing number {n}." for n in range(first, first + turns)]


async def cascade(folder: Path, notes: Any) -> tuple[Room, Model]:
    room, model = await enter(folder, notes, Capabilities(say=True, user_text=True))
    return room, model


async def test_what_is_not_sent_any_more_is_summed_up(tmp_path: Path) -> None:
    room, model = await cascade(tmp_path, {"notes": "They wonder about many things."})
    await talk(room, "My sister Grace lives in Leeds.", *wonder(4))
    assert {question.summary for question in model.questions} == {""}
    await talk(room, *wonder(9, 4))
    last = model.questions[-1]
    assert "They wonder about many things." in last.summary
    assert "Grace" in last.summary
    system = build_messages(last, stable=True)[0]["content"]
    assert system.endswith("They wonder about many things.”")
    await room.leave()


async def test_the_prompt_goes_on_as_the_last_one_did_within_a_block(tmp_path: Path) -> None:
    """Only where a block of the history goes is the summary another one."""
    room, model = await cascade(tmp_path, {"notes": "They wonder about many things."})
    await talk(room, *wonder(20))
    prompts = [build_messages(question, stable=True) for question in model.questions]
    anew = 0
    for last, this in pairwise(prompts):
        anew += this[: len(last) - 1] != last[:-1]
    assert anew == -(-(2 * 19 - HISTORY) // BLOCK)
    await room.leave()


async def test_no_turn_waits_for_a_summary(tmp_path: Path) -> None:
    """A model that is busy with it is left alone as soon as the user speaks."""
    room, model = await cascade(tmp_path, asyncio.Event())
    await talk(room, "My sister Grace lives in Leeds.", *wonder(2))
    for text in wonder(10, 2):
        await talk(room, text, pause=False)
        await asyncio.sleep(0.01)  # it is asked, and hangs
    assert len(model.questions) == 13
    assert model.given_up >= 2
    assert "Grace" in model.questions[-1].summary
    await room.leave()


async def test_what_is_forgotten_is_in_no_notes(tmp_path: Path) -> None:
    room, model = await cascade(tmp_path, {"notes": "Their sister Grace lives in Leeds."})
    await talk(room, "My sister Grace lives in Leeds.", *wonder(8))
    assert "Grace" in model.questions[-1].summary
    room.session._forget(["My sister Grace lives in Leeds."])
    await talk(room, *wonder(1))
    assert "Grace" not in model.questions[-1].summary
    await room.leave()


async def test_on_the_virtual_clock_a_frame_waits_for_the_notes(tmp_path: Path) -> None:
    """What is said afterwards must not depend on how quick a machine is."""
    room, _ = await enter(tmp_path, {"notes": "They talk about birds."})
    await room.speak("Do you like birds?")
    await ask(room)
    await room.session.feed(0, np.zeros(FRAME_SAMPLES, np.float32))
    assert len(swaps(room)) == 1
    await room.leave()
