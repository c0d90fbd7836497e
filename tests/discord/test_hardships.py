"""What people and Discord do that nobody wished for."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from assistant.discord.chat import parts_of, plain
from tests.discord.conftest import Running, Start, tone, until
from tests.discord.fake import DEN, LOUNGE, FakeDiscord
from tests.discord.test_bot import said_all

HOSTILE = "@everyone **x**\n[y](http://evil.example) `z` \u202egnp.exe"


def called(name: str, who: int = 1) -> Callable[[FakeDiscord], None]:
    """A fake in which somebody has that name."""

    def prepare(fake: FakeDiscord) -> None:
        person = fake.people[who]
        usual = person.payload
        person.payload = lambda: usual() | {"global_name": name}  # type: ignore[method-assign]

    return prepare


async def speaking(running: Running) -> None:
    """It is in the middle of a long answer."""
    await said_all(running)
    running.room.session.say("word " * 200)
    await until(lambda: running.room.audio.playback.is_sounding)


async def test_a_hostile_name_is_text_and_calls_nobody(start: Start) -> None:
    async with start(prepare=called(HOSTILE), in_lounge=(1, 2)) as running:
        await said_all(running)
        await running.command(1, "text", mode="on")
        running.brain._answers += [["Hello."]]
        await running.command(1, "ask", text=HOSTILE)
        await until(lambda: len(running.fake.written) >= 3)
        await running.fake.leave(1)
        await running.fake.join(1)
        await until(lambda: len(running.fake.written) >= 4)
        texts = [text for _, text in running.fake.written[1:]] + running.fake.answers
        for text in texts:
            assert "@everyone" not in text
            assert "\u202e" not in text
            assert "[y](" not in text.replace("\\[y", "")
            assert "**x**" not in text
        assert all(each == {"parse": []} for each in running.fake.mentions if each is not None)
        assert None not in running.fake.mentions


@pytest.mark.parametrize("name", ["", " ", "\u200b\u200b", "\n", "***", "\u202e"])
async def test_a_name_without_a_letter_gives_way_to_the_user_name(start: Start, name: str) -> None:
    async with start(prepare=called(name)) as running:
        assert running.room.people.name(1) == "ada"


async def test_two_with_one_name_are_told_apart_in_the_roster(start: Start) -> None:
    async with start(prepare=called("Ben"), in_lounge=(1, 2)) as running:
        roster = await running.command(1, "roster")
        assert "**Ben**" in roster
        assert "**Ben (ada)**" in roster or "**Ben (ben)**" in roster


async def test_who_is_renamed_is_called_so_from_the_next_command_on(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        running.fake.people[1].nick = "Addy"
        await running.command(1, "remember-me")
        assert running.room.people.name(1) == "Addy"
        assert running.room.people.present == [1]


async def test_who_is_renamed_elsewhere_comes_back_with_the_new_name(start: Start) -> None:
    async with start(in_lounge=(1, 2)) as running:
        await said_all(running)
        await running.fake.leave(1)
        running.fake.people[1].nick = "Addy"
        await running.fake.join(1)
        await until(lambda: running.room.people.name(1) == "Addy")


async def test_agreeing_forgetting_and_agreeing_again(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        running.brain._answers += [["Noted."]] * 3
        for told in ("parrot is called Picasso", "dog is called Rex"):
            await running.command(1, "remember-me")
            await running.command(1, "ask", text=f"My {told}.")
            assert told in await running.command(1, "roster")
            assert "Deleted: 1 memory" in await running.command(1, "forget-me")
            assert told not in await running.command(1, "roster")
        assert "Deleted: 0 memories" in await running.command(1, "forget-me")


async def test_what_was_remembered_is_forgotten_although_nothing_is_remembered_now(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(in_lounge=(1, 2)) as running:
        await said_all(running)
        running.brain._answers += [["Noted."]] * 2
        await running.command(1, "remember-me")
        await running.command(1, "ask", text="My parrot is called Picasso.")
        folder = running.room.memory.memories.folder
        running.room.memory.enabled = False
        assert "Deleted: 1 memory" in await running.command(1, "forget-me")
        left = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert b"Picasso" not in left


async def test_a_long_answer_is_written_in_several_messages(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        answer = " ".join(f"{'o' * 90}{n}" for n in range(50))
        running.brain._answers += [[answer]]
        await running.command(1, "text", mode="on")
        before = len(running.fake.answers)
        await running.fake.command(1, "ask", text="Tell me all.")
        await until(lambda: "o49" in running.fake.answers[-1], "the end of the answer")
        assert len(running.fake.answers) - before >= 3
        assert all(len(each) <= 2000 for each in running.fake.answers)
        await until(lambda: "o49" in running.fake.written[-1][1])


@pytest.mark.parametrize("text", ["x" * 30_000, "\\*" * 5_000, "a b " * 900, "q", "\n" * 4_000])
def test_no_part_is_too_long_or_ends_within_an_escape(text: str) -> None:
    parts = parts_of(text)
    assert len(parts) <= 5
    assert all(0 < len(each) <= 2000 for each in parts)
    assert not any(each.endswith("\\") for each in parts)


@pytest.mark.parametrize("statuses", [[429, 429], [500], [503], [400], [404]])
async def test_where_discord_takes_no_text_the_conversation_goes_on(
    start: Start, statuses: list[int]
) -> None:
    async with start() as running:
        await said_all(running)
        running.brain._answers += [["One."], ["Two."]]
        await running.command(1, "text", mode="on")
        running.fake.failing = list(statuses)
        await running.fake.command(1, "ask", text="The first?")
        await until(lambda: not running.fake.failing)
        await until(lambda: "One." in running.backend.said())
        await running.fake.command(1, "ask", text="The second?")
        await until(lambda: running.fake.answers[-1].endswith("Two."), "the second answer")
        assert not any("Send Messages" in line for line in running.told)
        assert not running.task.done()


async def test_who_moves_elsewhere_in_the_middle_of_an_answer_is_gone_and_it_goes_on(
    start: Start,
) -> None:
    async with start(in_lounge=(1, 2)) as running:
        await speaking(running)
        person = running.fake.people[1]
        person.channel = DEN
        await running.fake.voice_json(13, {"user_id": "1"})
        await running.fake.group.remove(1)
        await running.fake.dispatch("VOICE_STATE_UPDATE", person.state())
        await until(lambda: running.room.people.present == [2])
        assert running.room.audio.playback.is_sounding
        await running.fake.say(2, tone(0.6, 880))
        await until(lambda: len(running.heard(880)) >= 5)


async def test_moved_in_the_middle_of_an_answer_it_stops_and_says_there_that_it_listens(
    start: Start,
) -> None:
    async with start() as running:
        await speaking(running)
        running.fake.people[2].channel = DEN
        await running.fake.dispatch("VOICE_STATE_UPDATE", running.fake.people[2].state())
        for there in (DEN, LOUNGE, DEN):
            await running.fake.move_bot(there)
            await asyncio.sleep(0.05)
        await until(lambda: running.room.people.present == [2])
        await until(lambda: running.fake.written[-1][0] == DEN)
        await until(lambda: running.bot.voice.is_connected())  # type: ignore[union-attr]
        await said_all(running)


async def test_join_elsewhere_in_the_middle_of_an_answer(start: Start) -> None:
    async with start(in_lounge=(1, 2)) as running:
        await speaking(running)
        running.fake.people[1].channel = DEN
        await running.fake.dispatch("VOICE_STATE_UPDATE", running.fake.people[1].state())
        assert await running.command(1, "join") == "I am in Den."
        assert running.room.people.present == [1]
        assert running.fake.written[-1][0] == DEN


@pytest.mark.parametrize("name", ["", "nobody", "x" * 3_000, "@everyone **x**"])
async def test_an_unknown_persona_is_answered_in_plain_text(start: Start, name: str) -> None:
    async with start() as running:
        answer = await running.command(1, "persona", name=name)
        assert "@everyone" not in answer
        assert len(answer) <= 2000
        await until(lambda: "GLaDOS" in "".join(running.fake.answers))
        assert running.room.session.persona.name == "JARVIS"


@pytest.mark.parametrize("moment", ["joining", "speaking", "writing", "forgetting"])
async def test_ctrl_c_ends_it_whatever_it_does(
    start: Start, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    def slow(fake: FakeDiscord) -> None:
        if moment == "joining":

            async def silence(op: int, data: object) -> None: ...

            monkeypatch.setattr(fake, "_voice_asked", silence)

    async with start(prepare=slow, ready=moment != "joining") as running:
        if moment == "joining":
            await until(lambda: running.fake.voice is not None)
        else:
            await speaking(running)
        if moment == "writing":
            running.fake.failing = [500] * 5
            await running.fake.command(1, "ask", text="What time is it?")
        if moment == "forgetting":
            await running.fake.command(1, "remember-me")
            await running.fake.command(1, "forget-me")
        os.kill(os.getpid(), signal.SIGINT)
        assert await asyncio.wait_for(running.task, 10) == 128 + signal.SIGINT


def test_plain_text_is_shown_as_it_is() -> None:
    assert plain("*a* _b_ `c`") == "\\*a\\* \\_b\\_ \\`c\\`"
    assert plain("[y](http://x") == "\\[y\\](http://x"
    assert plain("<#123> </join:1> @here") == "\\<#123> \\</join:1> @\u200bhere"
