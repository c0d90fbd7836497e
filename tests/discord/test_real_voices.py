"""Real voices through everything: Opus, both seals, the network, recognition, answer, synthesis."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import soxr
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from assistant.commands import discord as command
from assistant.config.schema import Config
from assistant.loops import ExitDeadline
from tests.discord.fake import LOUNGE, TOKEN, FakeDiscord
from tests.speech import kokoro

pytestmark = [pytest.mark.weights, pytest.mark.timeout(180)]


def voice(text: str, who: str) -> np.ndarray:
    """float32 [n], 48 kHz."""
    return soxr.resample(kokoro(text, who), 16_000, 48_000).astype(np.float32)


async def test_two_people_at_once_are_understood_and_answered_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sum_asked = voice("What is seventeen times twenty three?", "af_heart")
    change = voice("Change to Dahlek.", "am_michael")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    async with FakeDiscord(tmp_path) as fake:
        monkeypatch.setattr(Route, "BASE", fake.base)
        monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway_url))
        fake.people[1].channel = fake.people[2].channel = LOUNGE
        config = Config.model_validate(
            {
                "discord": {"channel": "Lounge", "text": True},
                "backend": {"name": "cascade"},
                "brain": {"kind": "scripted"},
            }
        )
        monkeypatch.setattr(command, "tell", lambda text: None)

        def turns() -> list[str]:
            return [text for _, text in fake.written if text.startswith("**")]

        async def until_there_are(count: int) -> None:
            async with asyncio.timeout(60):
                while len(turns()) < count and not running.done():  # noqa: ASYNC110
                    await asyncio.sleep(0.05)

        with ExitDeadline(60) as deadline:
            running = asyncio.create_task(
                command.run_bot(config, TOKEN, deadline, fake.connector())
            )
            try:
                await until_there_are(1)  # it has said that it listens
                pause = np.zeros(36_000, np.float32)
                await asyncio.gather(
                    fake.say(1, sum_asked), fake.say(2, np.concatenate((pause, change)))
                )
                await until_there_are(5)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
    _, question, answer, wish, introduction = turns()
    assert question == "**Ada:** What is 17 times 23?"
    assert answer.startswith("**JARVIS:**")
    assert "391" in answer
    assert wish.startswith("**Ben:**")
    assert introduction.startswith("**Dalek")
    assert fake.unopened == 0
    assert float(np.abs(fake.heard_sound()).max()) > 0.05
