"""A recording of a change of persona: `assets/change-of-persona.cast`, for asciinema's player.

The app runs as it is, on our own personas, for as long as the story takes, with a conversation
played into it instead of a session with sound. What it writes to its terminal is kept with its
time, as asciicast v2: https://docs.asciinema.org/manual/asciicast/v2/
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import numpy as np
from textual.drivers.headless_driver import HeadlessDriver

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from assistant.config.schema import UiConfig  # noqa: E402
from assistant.personas.loading import load_personas  # noqa: E402
from assistant.session.events import (  # noqa: E402
    AgentSaid,
    PersonaChanged,
    StateChanged,
    UserSaid,
)
from assistant.ui.app import DashboardApp  # noqa: E402
from tests.fakes import READY, FakeSession, speech_like, until  # noqa: E402

SIZE = (84, 26)
STORY = (("jarvis", "glados", "Change to GLaDOS."), ("glados", "hal", "Give me HAL."))
"""Who is there, who comes, and what asks for it."""
LEVELS_SECONDS = 0.02


class RecordingDriver(HeadlessDriver):
    """Keeps what a terminal would get."""

    began = time.monotonic()
    events: list[tuple[float, str, str]] = []

    @property
    def is_headless(self) -> bool:
        """No: what is drawn must be turned into escape sequences, as for a real terminal."""
        return False

    def write(self, data: str) -> None:
        self.events.append((round(time.monotonic() - self.began, 3), "o", data))


class Sound:
    """Feeds the levels of both sides in real time; one of them speaks, or nobody."""

    def __init__(self, session: FakeSession) -> None:
        self._session = session
        self._speech = speech_like(20)
        self.speaker = ""

    async def run(self) -> None:
        block = round(LEVELS_SECONDS * 24_000)
        start, sent = time.monotonic(), 0
        while True:
            while sent * LEVELS_SECONDS < time.monotonic() - start:
                at = sent * block % (self._speech.size - block)
                sound = self._speech[at : at + block]
                nothing = np.zeros(block, dtype=np.float32)
                self._session.input_levels.push(sound if self.speaker == "user" else nothing)
                self._session.output_levels.push(sound if self.speaker == "agent" else nothing)
                sent += 1
            await asyncio.sleep(LEVELS_SECONDS)


async def told(session: FakeSession, sound: Sound) -> None:
    """One change after the other, asked for and answered."""
    by_slug = {persona.slug: persona for persona in session.personas()}
    turn = 0
    for before, after, words in STORY:
        turn += 2
        await asyncio.sleep(1.2)
        sound.speaker = "user"
        session.emit(StateChanged(state="listening"))
        for count in range(1, len(words.split()) + 1):
            await asyncio.sleep(0.3)
            said = " ".join(words.split()[:count])
            session.emit(UserSaid(turn=turn, text=said, final=False))
        sound.speaker = ""
        session.emit(UserSaid(turn=turn, text=words, final=True), StateChanged(state="thinking"))
        await asyncio.sleep(0.5)
        session.persona = by_slug[after]
        session.emit(PersonaChanged(persona=by_slug[after], latency=0.5))
        await asyncio.sleep(0.5)
        sound.speaker = "agent"
        session.emit(StateChanged(state="speaking"))
        answer = by_slug[after].reintroductions[0]
        for place, word in enumerate(answer.split()):
            text = word if place == 0 else f" {word}"
            session.emit(AgentSaid(turn=turn + 1, persona=after, text=text))
            await asyncio.sleep(0.22)
        sound.speaker = ""
        session.emit(
            AgentSaid(turn=turn + 1, persona=after, final=True, played=answer),
            StateChanged(state="idle"),
        )
        assert before != after
    await asyncio.sleep(1.5)


async def record() -> list[tuple[float, str, str]]:
    """All that the terminal gets, from the first picture on."""
    personas = list(load_personas().loaded.values())
    session = FakeSession(personas, on_start=READY)
    session.persona = next(p for p in personas if p.slug == STORY[0][0])
    app = DashboardApp(session, UiConfig(), driver_class=RecordingDriver)
    RecordingDriver.began = time.monotonic()
    running = asyncio.create_task(app.run_async(size=SIZE))
    await until(lambda: app.is_running)
    sound = Sound(session)
    feeding = asyncio.create_task(sound.run())
    try:
        await told(session, sound)
        kept = list(RecordingDriver.events)
    finally:
        feeding.cancel()
        app.exit()
        await running
    return kept


def main() -> int:
    target = ROOT / "assets" / "change-of-persona.cast"
    events = asyncio.run(record())
    header = {"version": 2, "width": SIZE[0], "height": SIZE[1], "title": "A change of persona"}
    lines = [json.dumps(header), *(json.dumps(event, ensure_ascii=False) for event in events)]
    target.write_text("\n".join(lines) + "\n")
    print(f"{target.relative_to(ROOT)}: {events[-1][0]:.1f} s, {target.stat().st_size // 1000} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
