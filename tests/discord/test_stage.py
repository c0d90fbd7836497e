"""Stage channels, on which the bot is in the audience until somebody lets it speak."""

from __future__ import annotations

from tests.discord.conftest import Start, until
from tests.discord.fake import STAGE, FakeDiscord

SPOKEN = "I listen to what is said"


def on_stage(fake: FakeDiscord) -> None:
    fake.people[1].channel = STAGE


async def test_it_asks_to_speak_and_says_that_it_listens_once_it_may(start: Start) -> None:
    async with start(channel="Stage", in_lounge=(), prepare=on_stage) as running:
        await until(lambda: len(running.fake.written) >= 2)
        assert running.fake.stage_requests
        assert any("a moderator has to accept it" in line for line in running.told)
        assert [channel for channel, _ in running.fake.written] == [STAGE, STAGE]
        assert "Invite to Speak" in running.fake.written[1][1]
        assert SPOKEN not in running.backend.said()
        await running.fake.let_speak()
        await until(lambda: SPOKEN in running.backend.said())


async def test_where_it_may_not_even_ask_it_tells_what_to_click(start: Start) -> None:
    def mute(fake: FakeDiscord) -> None:
        on_stage(fake)
        fake.stage_requests = None

    async with start(channel="Stage", in_lounge=(), prepare=mute) as running:
        await until(lambda: any("Request to Speak" in line for line in running.told))
        await until(lambda: any("Request to Speak" in text for _, text in running.fake.written))
        assert running.room.people.present == [1]


async def test_a_moderator_of_the_stage_speaks_at_once(start: Start) -> None:
    def moderator(fake: FakeDiscord) -> None:
        on_stage(fake)
        fake.stage_moderator = True

    async with start(channel="Stage", in_lounge=(), prepare=moderator) as running:
        await until(lambda: SPOKEN in running.backend.said())
        await until(lambda: not running.fake.bot.suppress)
        assert running.backend.said().count(SPOKEN) == 1
        assert len(running.fake.written) == 1


async def test_join_goes_onto_a_stage_without_the_permission_to_speak(start: Start) -> None:
    def audience(fake: FakeDiscord) -> None:
        on_stage(fake)
        fake.permissions = str((1 << 53) - 1 - (1 << 21) - (1 << 3))

    async with start(channel=None, in_lounge=(), prepare=audience) as running:
        assert await running.command(1, "join") == "I am in Stage."
