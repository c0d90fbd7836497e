"""Pictures of the dashboard for the README: `assets/dashboard-<persona>.svg` and `.png`.

The app runs as it is, on our own personas, with a conversation played into it instead of a session
with sound. PNGs are made by headless Chromium with Fira Code, where both are installed.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from assistant.calls.parser import ToolCall  # noqa: E402
from assistant.config.schema import UiConfig  # noqa: E402
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

SHOTS = [
    ("dashboard", "jarvis", "glados", (120, 38), ()),
    ("dashboard-hal", "glados", "hal", (110, 32), ()),
    ("dashboard-small", "hal", "samantha", (80, 24), ()),
    ("picker", "jarvis", "tars", (110, 32), ("p", "down", "down", "down")),
]
"""File, persona at the start, persona after the change, size, keys pressed at the end."""

START = datetime(2026, 11, 21, 18, 19, 4)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def story(before: Persona, after: Persona) -> list[SessionEvent]:
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
    ]


async def picture(
    personas: list[Persona], before: str, after: str, size: tuple[int, int], keys: tuple[str, ...]
) -> str:
    """The SVG of the dashboard after the story."""
    by_slug = {persona.slug: persona for persona in personas}
    session = FakeSession(personas, on_start=READY)
    session.persona = by_slug[before]
    session.input_levels.push(speech_like(8))
    session.output_levels.push(speech_like(8, seed=3, peak=0.3))
    ticks = iter(range(10_000))
    app = DashboardApp(
        session,
        UiConfig(animation=False),
        clock=lambda: START + timedelta(seconds=next(ticks)),
    )
    async with app.run_test(size=size) as pilot:
        await pilot.pause(0.3)
        for event in story(by_slug[before], by_slug[after]):
            if isinstance(event, PersonaChanged):
                session.persona = event.persona
            session.emit(event)
        await pilot.pause(0.3)
        await pilot.press(*keys)
        await pilot.pause(0.3)
        return app.export_screenshot(title="assistant")


def rasterise(svg: Path, png: Path) -> bool:
    """PNG of the SVG; False where there is no Chromium."""
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


def main() -> int:
    personas = list(load_personas().loaded.values())
    for name, before, after, size, keys in SHOTS:
        svg = ROOT / "assets" / f"{name}.svg"
        text = asyncio.run(picture(personas, before, after, size, keys))
        # The fonts of the exported file lie on the net; a reader's own will do.
        svg.write_text(re.sub(r"@font-face \{.*?\}\s*", "", text, flags=re.DOTALL))
        made = rasterise(svg, svg.with_suffix(".png"))
        print(f"{svg.relative_to(ROOT)}{' and .png' if made else ' (no Chromium: no .png)'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
