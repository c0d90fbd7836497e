from __future__ import annotations

import asyncio
import os
import signal

import numpy as np
import pytest

from assistant.discord.problems import DiscordError
from assistant.session.events import AgentSaid, UserSaid
from tests.discord.conftest import Running, Start, pitch, tone, until
from tests.discord.fake import DEN, LOUNGE, FakeDiscord, opus_packets


async def said_all(running: Running) -> None:
    """Until nothing is being said."""
    await until(lambda: running.room.session.is_silent, "silence")


async def test_one_person_is_heard_and_answered_by_voice(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        running.fake.heard.clear()
        running.brain._answers.append(["Three hundred and ninety-one."])
        await running.fake.say(1, tone(0.8))
        await until(lambda: len(running.heard(440)) >= 8, "Ada's voice")
        running.understand("What is 17 times 23?", running.heard(440))
        await until(lambda: len(running.fake.heard) > 20, "an answer")
        assert running.fake.unopened == 0
        assert np.abs(running.fake.heard_sound()).max() > 0.05
        assert running.brain.questions[0].text == "What is 17 times 23?"


async def test_it_says_that_it_listens_aloud_and_in_writing(start: Start) -> None:
    async with start(in_lounge=(1, 2)) as running:
        channel, notice = running.fake.written[0]
        assert channel == LOUNGE
        assert "I listen" in notice
        assert "/remember-me" in notice
        await until(lambda: "I listen to what is said" in running.backend.said())
        await said_all(running)
        assert np.abs(running.fake.heard_sound()).max() > 0.05


async def test_who_joins_later_is_told_in_writing(start: Start) -> None:
    async with start() as running:
        before = len(running.fake.written)
        await running.fake.join(3)
        await until(lambda: len(running.fake.written) > before)
        assert running.fake.written[-1][1].startswith("Cleo: I listen")


async def test_words_are_known_by_who_said_them(start: Start) -> None:
    async with start(in_lounge=(1, 2)) as running:
        events: list[UserSaid] = []
        running.room.session.subscribe(
            lambda event: events.append(event) if isinstance(event, UserSaid) else None
        )
        await said_all(running)
        running.brain._answers += [["Good."], ["Good, too."]]
        for who, hertz, words in ((1, 440, "I am first."), (2, 880, "And I am second.")):
            await running.fake.say(who, tone(0.6, hertz))
            await until(lambda hertz=hertz: len(running.heard(hertz)) >= 5)
            await asyncio.sleep(0.3)
            running.understand(words, running.heard(hertz))
            count = len(running.brain.questions)
            await until(lambda count=count: len(running.brain.questions) > count, "a question")
            await said_all(running)
        finals = [(event.speaker, event.text) for event in events if event.final]
        assert finals == [("Ada", "I am first."), ("Ben", "And I am second.")]
        history = running.brain.questions[1].history
        assert [each.speaker for each in history if each.role == "user"] == ["Ada"]


async def test_two_at_once_are_heard_one_after_the_other(start: Start) -> None:
    async with start(in_lounge=(1, 2, 3)) as running:
        await said_all(running)

        async def later() -> None:
            await asyncio.sleep(0.3)
            await running.fake.say(2, tone(0.6, 880))

        await asyncio.gather(running.fake.say(1, tone(1.0, 440)), later())
        await until(lambda: len(running.heard(880)) >= 6, "Ben")
        first, second = running.heard(440), running.heard(880)
        assert max(first) < min(second)
        assert len(first) >= 11
        both = set(range(min(first), max(second)))
        assert both <= {number for number, _ in running.frames()}  # no frame is missing


async def test_who_leaves_in_mid_sentence_is_heard_to_where_he_was(start: Start) -> None:
    async with start(in_lounge=(1, 2, 3)) as running:
        await said_all(running)
        speaking = asyncio.create_task(running.fake.say(1, tone(0.5)))
        await asyncio.sleep(0.3)
        speaking.cancel()
        await running.fake.leave(1)
        await until(lambda: 1 not in running.room.people.present)
        await until(lambda: 1 not in running.room.audio.people(), "his sound to end")
        assert len(running.heard(440)) >= 2
        await running.fake.say(2, tone(0.6, 880))
        await until(lambda: len(running.heard(880)) >= 6, "Ben, in the next epoch")
        assert running.bot.voice is not None
        assert running.fake.group.epoch == running.bot.voice._connection.dave_session.epoch


async def test_talking_over_it_clears_what_was_to_be_said(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        running.room.session.say("word " * 60)
        await until(lambda: running.room.audio.playback.is_sounding)
        await running.fake.command(1, "quiet")
        await until(lambda: not running.room.audio.playback.is_sounding)
        await asyncio.sleep(0.3)
        count = len(running.fake.heard)
        await asyncio.sleep(0.4)
        assert len(running.fake.heard) == count
        assert running.fake.heard[-5:] == [b"\xf8\xff\xfe"] * 5  # so that nobody's decoder goes on


async def test_other_bots_are_not_listened_to(start: Start) -> None:
    def music(fake: FakeDiscord) -> None:
        person = fake.people[2]
        person.payload = lambda: {
            "id": "2", "username": "music", "global_name": "Music", "discriminator": "0",
            "avatar": None, "bot": True,
        }  # fmt: skip

    async with start(in_lounge=(1, 2), prepare=music) as running:
        await said_all(running)
        await running.fake.say(2, tone(0.6, 880))
        await running.fake.say(1, tone(0.6, 440))
        await until(lambda: len(running.heard(440)) >= 5)
        assert not running.heard(880)


async def test_a_new_group_is_followed(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        await running.fake.new_epoch()
        await until(lambda: running.fake.people[1].session is not None)
        await until(lambda: running.bot.voice._connection.dave_session.ready)
        await running.fake.say(1, tone(0.6))
        await until(lambda: len(running.heard(440)) >= 5)


async def test_what_is_not_sealed_or_of_strangers_is_not_heard(start: Start) -> None:
    async with start(in_lounge=(1, 2)) as running:
        await said_all(running)
        fake = running.fake
        await fake.begin_speaking(1)
        for packet in opus_packets(tone(0.4, 880)):
            fake.send_packet(1, packet, plain=True)  # without the end-to-end seal
            fake.send_udp(b"\x80\x78" + bytes(60))  # with no seal at all
            fake.send_udp(b"")
            fake.people[2].ssrc = 4711  # of a source that nobody is known to speak by
            fake.send_packet(2, packet)
            await asyncio.sleep(0.005)
        voice = running.bot.voice
        await until(lambda: voice.undecryptable >= 20 and voice.garbage >= 20)
        assert not running.heard(880)
        await fake.say(1, tone(0.6))
        await until(lambda: len(running.heard(440)) >= 5)


async def test_a_voice_that_comes_before_its_name_is_heard(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        for packet in opus_packets(tone(0.3)):
            running.fake.send_packet(1, packet)
        await asyncio.sleep(0.1)
        assert not running.heard(440)
        await running.fake.begin_speaking(1)
        await until(lambda: len(running.heard(440)) >= 2)


async def test_it_leaves_when_alone(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.discord.upkeep._LOOK", 0.05)
    async with start(alone_s=5) as running:
        running.bot.settings.alone_s = 0.2
        await asyncio.sleep(0.4)
        assert running.bot.voice is not None  # Ada is there
        await running.fake.leave(1)
        await until(lambda: running.bot.voice is None)
        await until(lambda: running.fake.bot.channel is None)
        await until(lambda: any("nobody else" in line for line in running.told))


async def test_moved_elsewhere_it_says_there_that_it_listens(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        running.fake.people[2].channel = DEN
        await running.fake.dispatch("VOICE_STATE_UPDATE", running.fake.people[2].state())
        await running.fake.move_bot(DEN)
        await until(lambda: any(channel == DEN for channel, _ in running.fake.written))
        await until(lambda: running.fake.voice_identified == 2)
        await until(lambda: running.bot.voice._connection.can_encrypt, "the other group's keys")
        await said_all(running)
        await running.fake.say(2, tone(0.6, 880))
        await until(lambda: len(running.heard(880)) >= 5)
        assert running.room.people.present == [2]


async def test_sent_away_it_waits_for_join(start: Start) -> None:
    async with start() as running:
        await running.fake.kick_bot()
        await until(lambda: running.bot.voice is None)
        assert running.room.audio.microphone is None
        assert any("/join" in line for line in running.told)
        assert await running.command(1, "join") == "I am in Lounge."
        assert running.bot.voice is not None
        assert not running.task.done()


async def test_a_connection_that_is_given_up_is_made_anew(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Close code 1000: discord.py takes it for the end."""
    monkeypatch.setattr("assistant.discord.upkeep._TRIES", (0.05,))
    async with start() as running:
        await said_all(running)
        await running.fake.close_voice(1000)
        await until(lambda: any("was lost" in line for line in running.told))
        await until(lambda: running.fake.voice_identified == 2)
        await until(lambda: running.bot.voice is not None)
        await until(lambda: running.bot.voice._connection.can_encrypt, "keys")
        await running.fake.say(1, tone(0.6))
        await until(lambda: len(running.heard(440)) >= 5)


async def test_a_reader_of_the_voice_gateway_that_fails_is_replaced(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What discord.py does not expect ends its reader, and the connection only seems to live."""
    monkeypatch.setattr("assistant.discord.upkeep._LOOK", 0.05)
    async with start() as running:
        await said_all(running)
        await running.fake.voice_json(4, {"mode": "no key in it"})
        await until(lambda: running.fake.voice_identified == 2)
        await until(lambda: running.bot.voice is not None and running.bot.voice.is_connected())


@pytest.mark.parametrize("code", [4006, 4015])
async def test_a_lost_voice_connection_comes_back(start: Start, code: int) -> None:
    async with start() as running:
        await said_all(running)
        fake = running.fake
        await fake.close_voice(code)
        await until(lambda: fake.voice_identified == 2 or fake.voice_resumed == 1)
        await until(lambda: running.bot.voice is not None and running.bot.voice.is_connected())
        assert (fake.voice_resumed == 1) == (code == 4015)
        await until(lambda: running.bot.voice._connection.can_encrypt, "keys")
        await fake.say(1, tone(0.6))
        await until(lambda: len(running.heard(440)) >= 5)


async def test_where_the_voice_connection_cannot_be_resumed_it_is_made_anew(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start() as running:
        await said_all(running)
        fake = running.fake
        answer = fake._voice_asked

        async def refuse(op: int, data: object) -> None:
            if op == 7:
                await fake.close_voice(4006)
            else:
                await answer(op, data)

        monkeypatch.setattr(fake, "_voice_asked", refuse)
        await fake.close_voice(4015)
        await until(lambda: fake.voice_identified == 2)
        await until(lambda: running.bot.voice is not None and running.bot.voice.is_connected())
        await until(lambda: running.bot.voice._connection.can_encrypt, "keys")
        await fake.say(1, tone(0.6))
        await until(lambda: len(running.heard(440)) >= 5)


async def test_the_gateway_is_resumed_and_the_voice_stays(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        await running.fake.close_gateway(4000)
        await until(lambda: running.fake.resumed == 1)
        await running.fake.say(1, tone(0.6))
        await until(lambda: len(running.heard(440)) >= 5)
        assert running.fake.voice_identified == 1


async def test_after_a_new_login_it_is_in_its_channel_again(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        fake = running.fake
        assert fake.gateway is not None
        await fake.gateway.send_str('{"op": 9, "d": false}')  # the session is invalid
        await until(lambda: fake.identified == 2, "a new login")
        await until(lambda: fake.voice_identified == 2, "a new voice connection")
        await until(lambda: running.bot.voice is not None and running.bot.voice.is_connected())
        await until(lambda: running.bot.voice._connection.can_encrypt, "keys")
        await fake.say(1, tone(0.6))
        await until(lambda: len(running.heard(440)) >= 5)


async def test_without_encryption_it_says_what_to_update_and_tries_no_more(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(channel=None) as running:

        async def refuse(op: int, data: object) -> None:
            await running.fake.close_voice(4017)

        monkeypatch.setattr(running.fake, "_voice_asked", refuse)
        answer = await running.command(1, "join")
        assert "DAVE" in answer
        assert "pip install --upgrade" in answer
        assert running.bot.voice is None
        await until(lambda: running.fake.voice_states[-1] is None)


async def test_missing_permissions_are_named_with_what_to_click(start: Start) -> None:
    def may_only_look(fake: FakeDiscord) -> None:
        fake.permissions = str(1 << 10)

    async with start(channel=None, prepare=may_only_look, commanders=["Ada"]) as running:
        answer = await running.command(1, "join")
        assert "“Connect” and “Speak”" in answer
        assert "Edit Channel" in answer


async def test_where_it_may_not_write_it_speaks_and_the_owner_is_told(start: Start) -> None:
    def silent(fake: FakeDiscord) -> None:
        fake.permissions = str((1 << 53) - 1 - (1 << 11))

    async with start(channel=None, prepare=silent) as running:
        await running.command(1, "join")
        await until(lambda: any("Send Messages" in line for line in running.told))
        await until(lambda: "I listen" in running.backend.said())


async def test_a_wrong_token_ends_it_with_where_to_get_another(start: Start) -> None:
    async with start(ready=False, token="wrong") as running:
        with pytest.raises(DiscordError, match="does not accept") as caught:
            await asyncio.wait_for(running.task, 10)
        assert "Reset Token" in caught.value.remedy
        assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(("code", "words"), [(4014, "Intents"), (4004, "Reset Token")])
async def test_a_login_that_is_refused_ends_it_with_what_to_click(
    start: Start, code: int, words: str
) -> None:
    def refuse(fake: FakeDiscord) -> None:
        fake.identify_code = code

    async with start(ready=False, prepare=refuse) as running:
        with pytest.raises(DiscordError) as caught:
            await asyncio.wait_for(running.task, 10)
        assert words in caught.value.remedy


async def test_a_bot_that_nobody_has_invited_says_where(start: Start) -> None:
    def alone(fake: FakeDiscord) -> None:
        fake.is_invited = False

    async with start(ready=False, prepare=alone) as running:
        with pytest.raises(DiscordError, match="no server") as caught:
            await asyncio.wait_for(running.task, 20)
        assert "https://discord.com/oauth2/authorize?client_id=900" in caught.value.remedy


@pytest.mark.parametrize("answers", [True, False])
async def test_ctrl_c_leaves_the_channel_whether_discord_answers_or_not(
    start: Start, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    async with start() as running:
        asked: list[object] = []

        async def hang(socket: object, op: int, data: object) -> None:
            asked.append((op, data))

        if not answers:
            monkeypatch.setattr(running.fake, "_gateway_asked", hang)
        os.kill(os.getpid(), signal.SIGINT)
        assert await asyncio.wait_for(running.task, 10) == 128 + signal.SIGINT
        assert running.backend.stopped
        if answers:
            assert running.fake.bot.channel is None
        else:
            assert any(op == 4 and data["channel_id"] is None for op, data in asked)


async def test_an_unknown_channel_ends_it_with_those_there_are(start: Start) -> None:
    async with start(channel="Kitchen", ready=False) as running:
        with pytest.raises(DiscordError, match="Kitchen") as caught:
            await asyncio.wait_for(running.task, 10)
        assert "Lounge" in caught.value.remedy


async def test_a_server_that_it_is_not_on_ends_it(start: Start) -> None:
    async with start(ready=False, server="Elsewhere") as running:
        with pytest.raises(DiscordError, match="Elsewhere") as caught:
            await asyncio.wait_for(running.task, 10)
        assert "Home" in caught.value.remedy


async def test_nickname_and_picture_follow_the_persona(start: Start) -> None:
    async with start() as running:
        await until(lambda: running.fake.edits)
        assert running.fake.edits[0]["nick"] == "JARVIS"
        assert await running.command(1, "persona", name="glados") == "GLaDOS speaks now."
        await until(lambda: len(running.fake.edits) == 2)
        first, second = running.fake.edits
        assert second["nick"] == "GLaDOS"
        assert second["avatar"].startswith("data:image/png;base64,")
        assert second["avatar"] != first["avatar"]


async def test_a_persona_that_is_not_there_is_answered_with_those_that_are(start: Start) -> None:
    async with start() as running:
        assert "GLaDOS" in await running.command(1, "persona", name="Nobody")


async def test_what_is_said_is_written_where_that_is_wanted(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        running.brain._answers += [["It is *six*."], ["Seven."]]
        await running.command(1, "text", mode="on")
        answer = await running.command(1, "ask", text="What time is it?")
        assert answer == "> What time is it?\nIt is \\*six\\*."
        await until(lambda: len(running.fake.written) >= 3)
        lines = [text for _, text in running.fake.written[-2:]]
        assert lines == ["**Ada:** What time is it?", "**JARVIS:** It is \\*six\\*."]
        await running.command(1, "text", mode="off")
        count = len(running.fake.written)
        await running.command(1, "ask", text="And now?")
        await asyncio.sleep(0.2)
        assert len(running.fake.written) == count


async def test_ask_is_answered_by_its_own_answer_although_something_is_being_said(
    start: Start,
) -> None:
    async with start() as running:
        await said_all(running)
        running.brain._answers += [["Yes."]]
        running.room.session.say("Once upon a time there was a very long story of a fox.")
        await until(lambda: running.room.audio.playback.is_sounding)
        assert (await running.command(1, "ask", text="Are you there?")).endswith("\nYes.")


async def test_say_is_said_word_for_word(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        said: list[str] = []
        running.room.session.subscribe(
            lambda e: said.append(e.played) if isinstance(e, AgentSaid) and e.final else None
        )
        await running.command(1, "say", text="Dinner is ready.")
        await until(lambda: said)
        assert said == ["Dinner is ready."]


async def test_who_is_not_in_the_channel_commands_nothing(start: Start) -> None:
    def nobody_manages(fake: FakeDiscord) -> None:
        rights = (1 << 53) - 1 - (1 << 3) - (1 << 5)
        fake.permissions = str(rights)

    async with start(prepare=nobody_manages) as running:
        assert "Join my voice channel" in await running.command(2, "leave")
        assert running.bot.voice is not None
        assert await running.command(1, "leave") == "I have left."
        assert running.bot.voice is None


@pytest.mark.parametrize("commander", ["Ben", "2", 2, "Friends"])
async def test_commanders_command_by_name_id_or_role(start: Start, commander: str | int) -> None:
    def friend(fake: FakeDiscord) -> None:
        fake.people[2].roles = ["300"]

    async with start(commanders=[commander], prepare=friend, in_lounge=(1, 2)) as running:
        assert "may not command" in await running.command(1, "quiet")
        assert await running.command(2, "quiet") == "I am silent."
        assert "Deleted" in await running.command(1, "forget-me")  # is everybody's right


async def test_everybody_may_ask_what_is_known_and_have_it_deleted(start: Start) -> None:
    async with start(in_lounge=(1, 2)) as running:
        await said_all(running)
        running.brain._answers += [["Noted."]] * 4
        assert "Ada** – here; nothing is kept" in await running.command(1, "roster")
        assert "“Ada”" in await running.command(1, "remember-me")
        await running.command(1, "ask", text="My parrot is called Picasso.")
        await running.command(2, "ask", text="I live in Oslo.")
        roster = await running.command(2, "roster")
        assert "parrot is called Picasso" in roster
        assert "Oslo" not in roster
        folder = running.room.memory.memories.folder
        kept = [path for path in folder.rglob("*") if path.is_file()]
        assert any("1" in path.parts for path in kept)
        assert not any("2" in path.parts for path in kept)
        answer = await running.command(1, "forget-me")
        assert answer.startswith("Deleted: 1 memory and 2 turns")
        left = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
        assert b"Picasso" not in left
        assert b"Ada" not in left
        assert all("Picasso" not in m.text for m in running.room.session.history.messages())


async def test_a_transcript_holds_those_who_agreed_under_their_names(start: Start) -> None:
    async with start(in_lounge=(1, 2)) as running:
        await said_all(running)
        running.brain._answers += [["Noted, Ada."], ["Noted, Ben."]]
        await running.command(1, "remember-me")
        await running.command(1, "ask", text="I like tea.")
        await running.command(2, "ask", text="I like coffee.")
        folder = running.room.memory.memories.folder / "transcripts"
        text = "\n".join(path.read_text("utf-8") for path in folder.glob("*.md"))
        assert "**Ada**" in text
        assert "I like tea." in text
        assert "Noted, Ada." in text
        assert "coffee" not in text
        assert "Noted, Ben." not in text


def test_the_tone_helper_hears_what_it_makes() -> None:
    assert abs(pitch(tone(0.5, 880), 48_000) - 880) < 3


async def test_nothing_of_guests_goes_into_files_of_the_users(start: Start) -> None:
    async with start(in_lounge=(1, 2)) as running:
        await said_all(running)
        running.brain._answers += [["Noted."]] * 3
        await running.command(1, "ask", text="I like tea, and my parrot is called Picasso.")
        await running.command(1, "ask", text="Set a timer for twenty minutes.")
        data = running.room.memory.memories.folder.parent
        await running.stop()
        kept = [path for path in data.rglob("*") if path.is_file()]
        assert all(b"Picasso" not in path.read_bytes() for path in kept)
        assert not any(path.name in ("timers.json", "pauses.json", "lists.json") for path in kept)
        options = running.backend.load.options
        assert options.get("keep_pauses") is not True
        assert options.get("keep_sounds") is False


async def test_the_roster_tells_outsiders_who_is_here_and_no_more(start: Start) -> None:
    async with start(in_lounge=(1,)) as running:
        await said_all(running)
        running.brain._answers += [["Noted."]]
        await running.command(1, "remember-me")
        await running.command(1, "ask", text="My parrot is called Picasso.")
        inside, outside = await running.command(1, "roster"), await running.command(2, "roster")
        assert "Picasso" in inside
        assert "Ada" in outside
        assert "Picasso" not in outside


async def test_a_gateway_that_is_gone_is_told_and_so_is_its_return(start: Start) -> None:
    async with start() as running:
        await said_all(running)
        await running.fake.close_gateway(4000)
        await until(lambda: any("lost" in line for line in running.told))
        await until(lambda: running.told[-1] == "connected to Discord again")
