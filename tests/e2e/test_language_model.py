"""A talk by voice with a small real language model: the real program, its own server of the model,
a sound card, and a voice. Both of its tests share one program, in their order."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Room, furnished, loudness
from tests.e2e.terminal import Terminal
from tests.model import model_file
from tests.processes import command_of, until

pytestmark = [
    pytest.mark.sound,
    pytest.mark.weights,
    pytest.mark.xdist_group("sound"),
    pytest.mark.timeout(360),
]

Say = Callable[[str], Path]


@pytest.fixture(scope="module")
def talk(
    tmp_path_factory: pytest.TempPathFactory, cache: Path, spoken: Say
) -> Iterator[tuple[Room, Terminal]]:
    model = model_file()
    spoken("Change to gladoss.")  # joins the weights, which the program finds then
    with furnished(tmp_path_factory.mktemp("talk"), cache) as room:
        room.home.environment |= {
            "ASSISTANT_BRAIN__KIND": "local",
            "ASSISTANT_BRAIN__WEIGHTS": str(model),
            "ASSISTANT_BRAIN__TEMPERATURE": "0",
            "ASSISTANT_BRAIN__TIMEOUT_S": "120",
        }
        app = room.open()
        until(lambda: bool(room.home.turns("JARVIS")), "JARVIS has greeted", app.screen)
        app.until_at_rest()
        yield room, app


def model_process(app: Terminal) -> int | None:
    found = [p for p in app.processes() if "assistant.brain.local.server" in command_of(p)]
    return found[0] if found else None


def answered(room: Room, app: Terminal, question: Path) -> str:
    """Speak, wait, and give what was said in return."""
    before = len(room.home.turns("JARVIS"))
    room.card.speak(question)
    until(lambda: len(room.home.turns("JARVIS")) > before, "it has answered", app.screen)
    app.until_at_rest()
    return " ".join(room.home.turns("JARVIS")[before:])


def test_it_answers_aloud_from_what_it_was_told(talk: tuple[Room, Terminal], spoken: Say) -> None:
    room, app = talk
    answered(room, app, spoken("My sister Grace is going to visit me on Saturday."))
    with room.recording("answer") as sound:
        said = answered(room, app, spoken("Who is going to visit me on Saturday?"))
        if "Grace" not in said:  # half a billion parameters may miss a question, not two
            said = answered(room, app, spoken("What is the name of my sister?"))
    assert "Grace" in said
    assert loudness(sound) > 0.1 * len(said.split())
    # The clock is never the model's own business.
    hours = re.compile(r"\b(?:morning|afternoon|evening|night|midnight|noon|o'clock)\b")
    hour = answered(room, app, spoken("What time is it?"))
    if not hours.search(hour):  # not understood, on a machine that is busy with the model
        hour = answered(room, app, spoken("Please tell me what time it is."))
    assert hours.search(hour), hour


def test_it_goes_on_where_the_model_s_process_is_killed(
    talk: tuple[Room, Terminal], spoken: Say
) -> None:
    room, app = talk
    pid = model_process(app)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: model_process(app) not in (None, pid), "another was started", app.screen)
    assert answered(room, app, spoken("Tell me about the sea.")).strip()
    assert "Traceback" not in app.screen()
    app.press("q")
    assert app.exit_code() == 0
    until(lambda: model_process(app) is None, "the model has ended with the program")
