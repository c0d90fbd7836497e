"""Pictures of the web page for the README, in `assets`: a browser, a tablet, a phone.

The real page, server and Chromium, on our own personas, with a conversation played into it instead
of a session with sound: `python scripts/page_screenshots.py NAME …`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
_HOME = tempfile.mkdtemp(prefix="assistant-pictures-")
for _name in ("CONFIG", "DATA", "CACHE", "STATE"):
    os.environ[f"XDG_{_name}_HOME"] = _HOME

from assistant.calls.parser import ToolCall  # noqa: E402
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS  # noqa: E402
from assistant.memory.base import Journal, Memory, Turn  # noqa: E402
from assistant.memory.service import MemoryService  # noqa: E402
from assistant.personas.loading import Persona, load_personas  # noqa: E402
from assistant.session.events import (  # noqa: E402
    AgentSaid,
    AnswerProgress,
    AudioChanged,
    BackendChosen,
    BrainChosen,
    FirstSample,
    MemoryKept,
    PersonaChanged,
    SessionEvent,
    StateChanged,
    TimersChanged,
    ToolFinished,
    UserSaid,
)
from assistant.skills.schedule import Timer  # noqa: E402
from assistant.tools.registry import ToolResult  # noqa: E402
from tests.fakes import FakeMemoryStore, FakeSession, speech_like  # noqa: E402
from tests.serving.web.browser import Served, chromium, opened, served  # noqa: E402

PERSONAS = load_personas().loaded


@dataclass(frozen=True)
class Shot:
    name: str
    before: str
    after: str
    size: tuple[int, int]
    dark: bool
    scale: float = 1.0


SHOTS = (
    Shot("page", "jarvis", "glados", (1440, 900), dark=True),
    Shot("page-tablet", "glados", "samantha", (820, 1180), dark=False),
    Shot("page-phone", "glados", "hal", (390, 780), dark=True, scale=2.0),
)
TOLD = ("Your parrot is called Picasso.", "You like your pasta al dente.")


def _memories() -> list[Memory]:
    at = datetime.now().astimezone()
    return [
        Memory(f"j/{n}", text, "personal", at, "jarvis", 1, "j") for n, text in enumerate(TOLD, 1)
    ]


def _session(persona: Persona) -> FakeSession:
    session = FakeSession(list(PERSONAS.values()))
    session.persona = persona
    memories = _memories()
    turns = [Turn(1, "user", "You", TOLD[0], memories[0].at)]
    journal = Journal("j", memories[0].at, "jarvis", memories=memories, turns=turns)
    session.memory = MemoryService(FakeMemoryStore(journal))
    return session


def _conversation(before: Persona, after: Persona) -> list[SessionEvent]:
    greeting, taking_over = before.greetings[0], after.reintroductions[0]
    timer = ToolCall("set_timer", {})
    return [
        AgentSaid(turn=1, persona=before.slug, text=greeting, final=True, played=greeting, t=10),
        UserSaid(turn=2, text=f"Change to {after.name}.", final=True, t=60),
        PersonaChanged(persona=after, latency=0.6, t=61),
        AgentSaid(turn=3, persona=after.slug, text=taking_over, final=True, t=62),
        UserSaid(turn=4, text="Set a pasta timer for eight minutes, would you?", final=True, t=90),
        ToolFinished(result=ToolResult(timer, True, "Pasta timer, eight minutes."), t=91),
        UserSaid(turn=5, text="And my parrot is called Picasso.", final=True, t=120),
        MemoryKept(memory=_memories()[0], t=121),
        UserSaid(turn=6, text="What is seventeen times twenty-three?", final=True, t=150),
    ]


def _present(after: Persona) -> list[SessionEvent]:
    now = time.time()
    timers = (
        Timer(1, "timer", "pasta", now + 463),
        Timer(2, "reminder", "to call Ada", now + 9000),
    )
    latencies = (0.52, 0.44, 0.61, 0.38, 0.47, 0.72, 0.41, 0.4)
    answer = "Three hundred and ninety-one. The parrot could have told you that."
    return [
        AudioChanged(microphone="Built-in Audio", speaker="Built-in Audio"),
        BackendChosen(name="cascade", reason="auto", engine="whisper · kokoro", ready=True),
        BrainChosen(label="qwen3-1.7b · own server"),
        TimersChanged(timers=timers),
        *(FirstSample(turn=1, latency=each) for each in latencies),
        StateChanged(state="speaking", t=152),
        AgentSaid(turn=7, persona=after.slug, text=answer, t=152),
        AnswerProgress(turn=7, words=6, t=153),
    ]


async def _speak(house: Served) -> None:
    """The assistant's voice, for as long as the picture takes."""
    speech = speech_like(6.0, seed=3)
    for place in range(FRAME_SAMPLES * 8, FRAME_SAMPLES * 54, FRAME_SAMPLES):
        house.audio.output_levels.push(speech[place : place + FRAME_SAMPLES])
        await asyncio.sleep(FRAME_SECONDS)


async def _take(shot: Shot) -> None:
    before, after = PERSONAS[shot.before], PERSONAS[shot.after]
    session = _session(after)
    session.said = _conversation(before, after)
    async with (
        served(session) as house,
        chromium() as browser,
        opened(
            browser, house.url, shot.size, dark=shot.dark, still=False, scale=shot.scale
        ) as seen,
    ):
        session.emit(*_present(after))
        await asyncio.sleep(1.5)
        await _speak(house)
        path = ROOT / "assets" / f"{shot.name}.png"
        await seen.page.screenshot(path=path)
        _shrink(path)
        print(path.relative_to(ROOT), path.stat().st_size)


def _shrink(path: Path) -> None:
    """To 256 colours, where Pillow is installed."""
    with contextlib.suppress(ImportError):
        from PIL import Image

        Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)


async def _main(names: list[str]) -> None:
    for shot in SHOTS:
        if not names or shot.name in names:
            await _take(shot)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
    shutil.rmtree(_HOME, ignore_errors=True)
