"""Pictures of the dashboard: those of the README in `assets`, and all others in `screenshots`.

The app runs as it is, on our own personas, with a conversation played into it instead of a session
with sound. PNGs are made by headless Chromium with Fira Code, or by resvg (`pip install resvg-py`),
where one is installed. `python scripts/screenshots.py NAME …` makes only these.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from assistant.calls.parser import ToolCall  # noqa: E402
from assistant.config.schema import UiConfig  # noqa: E402
from assistant.frames import AgentState  # noqa: E402
from assistant.personas.loading import Persona, load_personas  # noqa: E402
from assistant.session.events import (  # noqa: E402
    AgentSaid,
    FirstSample,
    PersonaChanged,
    SessionEvent,
    StateChanged,
    ToolCalled,
    ToolFinished,
    UserSaid,
)
from assistant.tools.registry import ToolResult  # noqa: E402
from assistant.ui.app import DashboardApp  # noqa: E402
from tests.fakes import READY, FakeSession, speech_like  # noqa: E402


@dataclass(frozen=True)
class Shot:
    """One picture."""

    name: str
    before: str
    """The persona at the start."""
    after: str
    """The one after the change."""
    size: tuple[int, int]
    keys: tuple[str, ...] = ()
    """Pressed at the end."""
    state: AgentState = "listening"
    muted: bool = False
    colorless: bool = False


README = [
    Shot("dashboard", "jarvis", "glados", (120, 38)),
    Shot("dashboard-hal", "glados", "hal", (160, 42), state="speaking"),
    Shot("dashboard-small", "hal", "samantha", (80, 24)),
    Shot("picker", "jarvis", "tars", (110, 32), ("p", "right", "right", "right")),
]
SIZES = ((60, 18), (80, 24), (120, 40), (200, 55))
STATES: tuple[AgentState, ...] = ("initializing", "idle", "listening", "thinking", "speaking")
OTHERS = [
    *(Shot(f"size-{w}x{h}", "jarvis", "hal", (w, h)) for w, h in SIZES),
    *(Shot(f"light-{w}x{h}", "hal", "samantha", (w, h)) for w, h in SIZES),
    *(Shot(f"no-colour-{w}x{h}", "hal", "glados", (w, h), colorless=True) for w, h in SIZES),
    *(Shot(f"persona-{slug}", "plain", slug, (120, 40), state="speaking")
      for slug in ("jarvis", "tars", "kitt", "dalek", "wren")),
    *(Shot(f"state-{state}", "jarvis", "glados", (120, 40), state=state) for state in STATES),
    Shot("state-muted", "jarvis", "glados", (120, 40), state="idle", muted=True),
    Shot("picker-60x18", "jarvis", "hal", (60, 18), ("p",)),
    Shot("picker-200x55", "jarvis", "hal", (200, 55), ("p",)),
    Shot("palette", "jarvis", "hal", (120, 40), ("ctrl+p",)),
]  # fmt: skip

START = datetime(2026, 11, 21, 18, 19, 4)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def story(before: Persona, after: Persona, shot: Shot) -> list[SessionEvent]:
    """A question, a change of persona by voice, and what the new one says."""
    call = ToolCall("change_theme", {"persona_name": after.name}, "1", "speech")
    hello, again = before.greetings[0], after.reintroductions[0]
    return [
        StateChanged(state="speaking"),
        AgentSaid(turn=1, persona=before.slug, text=hello, final=True, played=hello),
        StateChanged(state="listening"),
        UserSaid(turn=2, text=f"Change to {after.name}.", final=True),
        ToolCalled(call=call),
        ToolFinished(result=ToolResult(call, True, f"{after.name} has taken over")),
        PersonaChanged(persona=after, latency=0.31),
        FirstSample(turn=3, latency=0.44),
        StateChanged(state="speaking"),
        AgentSaid(turn=3, persona=after.slug, text=again, final=True, played=again),
        StateChanged(state="listening"),
        UserSaid(turn=4, text="and what can you", final=False),
        StateChanged(state=shot.state),
    ]


async def picture(personas: list[Persona], shot: Shot) -> str:
    """The SVG of the dashboard after the story."""
    by_slug = {persona.slug: persona for persona in personas}
    session = FakeSession(personas, on_start=READY)
    session.persona = by_slug[shot.before]
    session.input_levels.push(speech_like(8))
    session.output_levels.push(speech_like(8, seed=3, peak=0.3))
    ticks = iter(range(10_000))
    app = DashboardApp(
        session,
        UiConfig(animation=False),
        clock=lambda: START + timedelta(seconds=next(ticks)),
    )
    async with app.run_test(size=shot.size) as pilot:
        await pilot.pause(0.3)
        if shot.muted:
            session.set_muted(True)
        for event in story(by_slug[shot.before], by_slug[shot.after], shot):
            if isinstance(event, PersonaChanged):
                session.persona = event.persona
            session.emit(event)
        await pilot.pause(0.3)
        await pilot.press(*shot.keys)
        await pilot.pause(0.3)
        return app.export_screenshot(title="assistant")


def rasterise(svg: Path, png: Path) -> bool:
    """PNG of the SVG; False where nothing can make one."""
    if importlib.util.find_spec("resvg_py") is not None:
        resvg = importlib.import_module("resvg_py")
        text = svg.read_text().replace("Fira Code", "DejaVu Sans Mono")
        png.write_bytes(resvg.svg_to_bytes(svg_string=text))
        return True
    browser = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if browser is None:
        return False
    text = svg.read_text()
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text)
    assert box is not None
    width, height = (round(float(number)) for number in box.groups())
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(
            "<style>body{margin:0;background:transparent}"
            f"svg{{display:block;width:{width}px;height:{height}px}}</style>{text}"
        )
        subprocess.run(
            [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             f"--user-data-dir={folder}", "--default-background-color=00000000",
             f"--window-size={width},{height}", f"--screenshot={png}", page.as_uri()],
            check=True, capture_output=True, timeout=60,
        )  # fmt: skip
    return True


def make(personas: list[Persona], shot: Shot, folder: Path) -> None:
    """The picture's files."""
    svg = folder / f"{shot.name}.svg"
    with without_color(shot.colorless):
        text = asyncio.run(picture(personas, shot))
    # The fonts of the exported file lie on the net; a reader's own will do.
    svg.write_text(re.sub(r"@font-face \{.*?\}\s*", "", text, flags=re.DOTALL))
    made = rasterise(svg, svg.with_suffix(".png"))
    print(f"{svg.relative_to(ROOT)}{' and .png' if made else ' (no .png)'}")


@contextmanager
def without_color(wanted: bool) -> Iterator[None]:
    """As on a terminal of a person who wants no colours."""
    if wanted:
        os.environ["NO_COLOR"] = "1"
    try:
        yield
    finally:
        os.environ.pop("NO_COLOR", None)


def main() -> int:
    personas = list(load_personas().loaded.values())
    wanted = set(sys.argv[1:])
    for folder, shots in ((ROOT / "assets", README), (ROOT / "screenshots", OTHERS)):
        folder.mkdir(exist_ok=True)
        for shot in shots:
            if not wanted or shot.name in wanted:
                make(personas, shot, folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
