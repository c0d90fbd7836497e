"""An evening with the real program: it greets, changes at a word, survives, and leaves.

One program is shared by all tests of this file, in their order, since loading takes seconds; each
waits until it is idle and takes whoever is in charge as it finds him.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.personas.loading import Persona, load_personas
from tests.e2e.conftest import Room, furnished, loudness
from tests.e2e.terminal import Terminal
from tests.processes import is_alive, until

pytestmark = [pytest.mark.sound, pytest.mark.weights, pytest.mark.xdist_group("sound")]

Say = Callable[[str], Path]


@dataclass(frozen=True)
class Evening:
    room: Room
    app: Terminal
    greeting: Path
    """What the speaker played from the start of the program to the end of its greeting."""


@pytest.fixture(scope="module")
def evening(
    tmp_path_factory: pytest.TempPathFactory, cache: Path, spoken: Say
) -> Iterator[Evening]:
    spoken("Change to gladoss.")  # joins the weights, which the program finds then
    with furnished(tmp_path_factory.mktemp("evening"), cache) as room:
        with room.recording("greeting") as greeting:
            app = room.open()
            until(lambda: bool(room.home.turns("JARVIS")), "JARVIS has greeted", app.screen)
        app.press("a")  # the log of what it does
        yield Evening(room, app, greeting)


def persona(slug: str) -> Persona:
    return load_personas().loaded[slug]


def background(slug: str) -> str:
    """The persona's background as terminals are told of it."""
    code = persona(slug).colors.background.lstrip("#")
    return "48;2;" + ";".join(str(int(code[at : at + 2], 16)) for at in (0, 2, 4))


def in_charge(name: str) -> Callable[[str], bool]:
    """Whether this name stands in the first line of a screen, beside the face."""
    return lambda screen: name in screen.strip().split("\n", 1)[0]


def conversation(screen: str) -> str:
    """The words of the conversation's panel, joined over its lines; the scroll bar is none."""
    rows = [line.split("▌", 1)[1].split("│")[0] for line in screen.splitlines() if "▌" in line]
    return " ".join(re.sub("[▁-█]", " ", " ".join(rows)).split())


def until_written(app: Terminal, words: str) -> None:
    """Any single look may fall between two frames: while panels move, they are empty for one."""
    app.until(lambda screen: words in conversation(screen), f"{words!r} is written")


def test_it_greets_aloud_and_in_writing(evening: Evening) -> None:
    (greeting,) = evening.room.home.turns("JARVIS")
    evening.app.until_at_rest()
    until_written(evening.app, greeting)
    evening.app.until(in_charge("JARVIS"), "JARVIS is in charge")
    assert loudness(evening.greeting) > 0.1 * len(greeting.split())


def test_change_to_glados_changes_everything(evening: Evening, spoken: Say) -> None:
    app, room = evening.app, evening.room
    app.until_at_rest()
    until(lambda: background("jarvis") in app.colours(), "his colours", app.colours)
    with room.recording("introduction") as introduction:
        room.card.speak(spoken("Change to gladoss."))
        app.until(in_charge("GLaDOS"), "GLaDOS is in charge")
        app.until_shown("GLaDOS takes over")
        until(lambda: bool(room.home.turns("GLaDOS")), "she has introduced herself", app.screen)
    app.until_at_rest()
    (said,) = room.home.turns("GLaDOS")
    assert said in persona("glados").reintroductions
    until_written(app, said)
    until(lambda: background("glados") in app.colours(), "her colours", app.colours)
    until(lambda: background("jarvis") not in app.colours(), "his are gone", app.colours)
    assert loudness(introduction) > 0.1 * len(said.split())
    assert len(room.home.turns("You")) == 1


def test_in_a_room_with_an_echo_it_does_not_answer_itself(
    evening: Evening, spoken: Say, tmp_path: Path
) -> None:
    app, room = evening.app, evening.room
    room.card.echo()
    app.until_at_rest()
    before = room.home.turns("You")
    names = [p.name for p in load_personas().loaded.values()]
    heard = tmp_path / "microphone.wav"
    with room.card.recording(heard):
        app.type("which personas are there")  # and it names them all
        until(
            lambda: any(all(name in said for name in names) for said in room.home.turns("GLaDOS")),
            "all names have been said",
            app.screen,
        )
        app.until_at_rest()
    assert loudness(heard) > 2.0, "the microphone has heard the speaker"
    answered = len(room.home.turns("GLaDOS"))
    room.card.speak(spoken("What time is it?"))
    until(lambda: len(room.home.turns("You")) >= len(before) + 2, "it hears a person", app.screen)
    assert room.home.turns("You")[len(before)] == "which personas are there"
    assert "time" in room.home.turns("You")[-1].lower()
    assert len(room.home.turns("You")) == len(before) + 2
    until(lambda: len(room.home.turns("GLaDOS")) > answered, "she has answered", app.screen)


def test_a_killed_backend_is_one_line_and_the_conversation_goes_on(
    evening: Evening, spoken: Say
) -> None:
    app, room = evening.app, evening.room
    app.until_at_rest()
    shown = conversation(app.screen())
    pid = app.backend()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    app.until_shown("backend stopped")
    until(lambda: app.backend() not in (None, pid), "another backend has been started", app.screen)
    app.until_at_rest()
    until_written(app, shown[-60:])
    before = room.home.turns("You")
    # Nothing on the screen tells when the new backend has loaded its models: ask until it hears.
    for _ in range(6):
        room.card.speak(spoken("What is two plus three?"))
        heard_by = time.monotonic() + 10
        while time.monotonic() < heard_by and len(room.home.turns("You")) == len(before):
            time.sleep(0.2)
        if len(room.home.turns("You")) > len(before):
            break
    assert len(room.home.turns("You")) > len(before), app.screen()
    app.until_at_rest()
    assert "Traceback" not in app.screen()


def test_q_ends_it_and_nothing_is_lost_or_left(evening: Evening) -> None:
    app, room = evening.app, evening.room
    app.until_at_rest()
    processes = app.processes()
    assert len(processes) >= 2
    app.press("q")
    assert app.exit_code() == 0
    until(lambda: not any(map(is_alive, processes)), "no process is left")
    left = app.screen().split("EXIT")[0].strip()
    assert left == "", "nothing but an empty line is left on the terminal"
    assert room.home.turns("JARVIS")
    assert room.home.turns("GLaDOS")
    assert len(room.home.turns("You")) >= 4
