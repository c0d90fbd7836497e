"""The assistant notices how its user is, answers accordingly, and takes his word for it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistant.emotion.watch import FeelingWatch
from assistant.frames import Prosody, UserText, VoiceFeatures
from assistant.memory.deletion.plan import DeletionPreview
from assistant.session.event_bus import EventBus
from assistant.session.events import (
    FeelingHeard,
    FeelingTakenBack,
    MemoryForgotten,
    SessionEvent,
    TurnStarted,
    UserSaid,
)
from assistant.session.signals import AgentTurnEnded, AnswerProsody, NothingHeard
from assistant.session.turns import feelings
from assistant.session.turns.feelings import UserFeelings
from assistant.session.turns.messages import AgentUtterance
from tests.emotion.test_speaker import RAISED, USUAL, like
from tests.emotion.test_watch import PLAIN
from tests.fakes import FakeBrain
from tests.session.conftest import EnterRoom


class Ear:
    """A bus on which turns of the user's come by."""

    def __init__(self, watch: FeelingWatch | None = None) -> None:
        self.bus = EventBus(lambda: 0.0)
        self.feelings = UserFeelings(self.bus, watch or FeelingWatch())
        self.told: list[SessionEvent] = []
        self.prosody: list[Prosody] = []
        self.turn = 0
        self.bus.subscribe(self.told.append)
        self.bus.on(AnswerProsody, lambda event: self.prosody.append(event.prosody))

    def hear(self, text: str, voice: VoiceFeatures | None = None) -> None:
        self.bus.publish(UserText(text=text, final=True, voice=voice))
        self.say(text)

    def say(self, text: str, *, typed: bool = False) -> None:
        self.turn += 1
        self.bus.publish(UserSaid(turn=self.turn, text=text, final=True, typed=typed))

    def of(self, kind: type[SessionEvent]) -> list[SessionEvent]:
        return [event for event in self.told if isinstance(event, kind)]


def test_a_feeling_is_marked_on_its_turn_with_the_reason() -> None:
    ear = Ear()

    ear.say("I already told you that")

    (event,) = ear.of(FeelingHeard)
    assert isinstance(event, FeelingHeard)
    assert (event.turn, event.kind) == (1, "frustrated")
    assert event.cues == ("said “I already told”",)


def test_answers_sound_calmer_and_as_usual_again_when_it_is_over() -> None:
    ear = Ear()

    for text in ("I already told you that", "what time is it", "tell me about trains"):
        ear.say(text)

    assert ear.prosody == [Prosody(rate=0.93, pitch=-0.5, pauses=1.15), Prosody()]


def test_the_voice_is_that_of_the_words_that_come_with_it() -> None:
    ear = Ear()
    for number, text in enumerate(PLAIN):
        ear.hear(text, like(USUAL, 0.2 * number))

    ear.bus.publish(UserText(text="hm", final=True, voice=RAISED))
    ear.bus.publish(NothingHeard())  # it was the assistant's own voice
    ear.say("open the window")
    ear.hear("close the door", RAISED)
    ear.say("typed in between", typed=True)
    assert ear.of(FeelingHeard) == []

    ear.hear("open it", RAISED)
    ear.hear("close it again now", RAISED)
    (event,) = ear.of(FeelingHeard)
    assert isinstance(event, FeelingHeard)
    assert event.kind is None


def test_what_is_taken_back_loses_its_mark() -> None:
    ear = Ear()
    ear.say("I need to lie down")

    ear.say("I'm not tired")

    assert ear.of(FeelingTakenBack) == [FeelingTakenBack(turn=1)]
    assert ear.prosody[-1] == Prosody()
    assert ear.feelings.misread("I'm not tired")
    assert "do not feel tired" in ear.feelings.line("I'm not tired")


def test_forgetting_everything_forgets_moods_too() -> None:
    ear = Ear()
    ear.say("I'm so sad")

    ear.bus.publish(MemoryForgotten(deletion=DeletionPreview(everything=True)))

    assert ear.feelings.now() is None
    assert ear.prosody[-1] == Prosody()


def test_nothing_is_read_where_the_setting_is_off() -> None:
    bus = EventBus(lambda: 0.0)
    feelings = UserFeelings(bus, None)
    told: list[SessionEvent] = []
    bus.subscribe(told.append)

    bus.publish(UserSaid(turn=1, text="I'm so sad", final=True))

    assert [type(event) for event in told] == [UserSaid]
    assert feelings.line("I'm so sad") == ""


async def test_who_answers_is_told_how_the_user_is(enter_room: EnterRoom) -> None:
    brain = FakeBrain(["Of course."])
    room = await enter_room(brain=brain)

    await room.speak("This is so confusing")

    question = brain.questions[-1]
    assert question.feeling is not None
    assert question.feeling.kind == "confused"
    assert question.mood.startswith("The user sounds confused")
    assert [event.kind for event in room.of(FeelingHeard)] == ["confused"]


class Confirming:
    """A language model that finds everybody frustrated."""

    def __init__(self) -> None:
        self.asked = 0

    async def complete(
        self, messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int
    ) -> str:
        self.asked += 1
        return '{"feeling": "frustrated"}'


async def test_a_model_is_asked_of_doubtful_words_once_the_answer_is_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feelings, "PAUSE", 0.0)
    ear, model = Ear(), Confirming()
    ear.feelings.use_model(model)
    ended = AgentTurnEnded(AgentUtterance(1, 2, "jarvis"), "Sorry.", interrupted=False)

    ear.say("what time is it")
    ear.bus.publish(ended)
    await asyncio.sleep(0.01)
    assert model.asked == 0

    ear.say("That's wrong")
    ear.bus.publish(ended)
    await asyncio.sleep(0.01)

    assert model.asked == 1
    (event,) = ear.of(FeelingHeard)
    assert isinstance(event, FeelingHeard)
    assert (event.turn, event.kind) == (2, "frustrated")
    assert ear.prosody[-1].rate < 1


async def test_a_user_who_speaks_again_has_the_model_to_himself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feelings, "PAUSE", 0.0)
    ear, model = Ear(), Confirming()
    ear.feelings.use_model(model)

    ear.say("That's wrong")
    ear.bus.publish(AgentTurnEnded(AgentUtterance(1, 2, "jarvis"), "Sorry.", interrupted=False))
    ear.bus.publish(TurnStarted(side="user", turn=3))
    await asyncio.sleep(0.01)

    assert model.asked == 0
