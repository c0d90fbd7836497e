"""Several people at one microphone: whose words they are reaches everybody who has to know."""

from __future__ import annotations

from pathlib import Path

from assistant.memory.conversation import NoMemory
from assistant.session.events import UserSaid
from tests.fakes import FakeBrain
from tests.session.room import Room


class Speakers:
    """Who speaks just now, and what was asked."""

    def __init__(self) -> None:
        self.now = "Ada"
        self.asked: list[tuple[float, float]] = []

    def __call__(self, began: float, ended: float) -> str:
        self.asked.append((began, ended))
        return self.now


async def test_each_name_stands_before_its_words(tmp_path: Path) -> None:
    speakers = Speakers()
    room = await Room(tmp_path, FakeBrain(["Yes."], ["No."]), speaker=speakers).enter()
    room.now = 2.0
    await room.speak("Is the kettle on?")
    await room.listen_to_the_end()
    speakers.now = "Ben"
    room.now += 20
    await room.speak("Is the oven on?")
    await room.listen_to_the_end()
    await room.leave()
    said = [(event.speaker, event.text) for event in room.of(UserSaid) if event.final]
    assert said == [("Ada", "Is the kettle on?"), ("Ben", "Is the oven on?")]
    assert "**Ada**" in room.transcript()
    assert "**Ben**" in room.transcript()
    assert "**You**" not in room.transcript()
    assert [m.speaker for m in room.brain.questions[1].history if m.role == "user"] == ["Ada"]
    assert speakers.asked[0] == (2.0, 2.0)


async def test_nobody_goes_on_with_what_another_began(tmp_path: Path) -> None:
    """“What is the weather” … “like in Vienna” of one person is one question; of two it is two."""
    for second, whole in (
        ("Ada", "What is the weather like in Vienna?"),
        ("Ben", "like in Vienna?"),
    ):
        speakers = Speakers()
        brain = FakeBrain(["Wet."], ["Wet."], ["Wet."])
        room = await Room(tmp_path / second, brain, speaker=speakers).enter()
        await room.speak("What is the weather.")
        speakers.now = second
        room.now += 0.3
        await room.speak("like in Vienna?")
        assert room.brain.questions[-1].text == whole
        await room.leave()


async def test_a_memory_of_several_people_is_told_who_speaks_before_the_words(
    tmp_path: Path,
) -> None:
    class Memory(NoMemory):
        def __init__(self) -> None:
            super().__init__()
            self.told: list[str] = []

        def speaks(self, name: str) -> None:
            self.told.append(f"{name}:")

        def heard(self, text: str) -> None:
            self.told.append(text)

    memory = Memory()
    room = Room(tmp_path, FakeBrain(["Yes."], ["Yes."]), memory=memory, speaker=Speakers())
    await room.enter()
    await room.speak("Is the kettle on?")
    await room.listen_to_the_end()
    await room.session.send_text("And the oven?", speaker="Ben")
    await room.session.settled()
    await room.leave()
    assert memory.told == ["Ada:", "Is the kettle on?", "Ben:", "And the oven?"]


async def test_one_user_has_no_name(tmp_path: Path) -> None:
    room = await Room(tmp_path, FakeBrain(["Yes."])).enter()
    await room.speak("Is the kettle on?")
    await room.listen_to_the_end()
    await room.leave()
    assert "**You**" in room.transcript()
    assert [event.speaker for event in room.of(UserSaid)] == [""]
