"""What may befall the program in its terminal, and what is left of it then.

The echo backend stands in where no words have to be understood: it loads in no time.
"""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.conftest import Room, loudness
from tests.e2e.terminal import Terminal
from tests.processes import is_alive, until

pytestmark = [pytest.mark.sound, pytest.mark.xdist_group("sound")]

ECHO = ("--backend", "echo")
LIBRARIES = ("ALSA", "PaAlsa", "PaHost", "pulse", "snd_", "jack", "Expression", "Traceback")
"""How a library's complaint would be known on the screen."""


def talking(room: Room, *options: str, before: str = "true") -> Terminal:
    """A program in the middle of a conversation."""
    app = room.open(*ECHO, *options, before=before)
    app.until_shown("▌ JARVIS")
    app.type("what is two plus three")
    app.until_shown("what is two plus three")
    return app


def leavings(app: Terminal) -> str:
    """What stands on the terminal after the program."""
    return app.screen().split("EXIT")[0].strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_one_line(room: Room, number: signal.Signals) -> None:
    app = talking(room)
    processes = app.processes()
    assert app.backend() in processes
    os.kill(app.pid, number)
    assert app.exit_code() == 128 + number
    assert leavings(app) == f"assistant: ended by {number.name}"
    until(lambda: not any(map(is_alive, processes)), "no process is left")
    assert "what is two plus three" in room.home.turns("You")


def test_a_closed_window_ends_it(room: Room) -> None:
    app = talking(room)
    processes = app.processes()
    app.close_window()
    until(lambda: not any(map(is_alive, processes)), "no process is left")
    assert "what is two plus three" in room.home.turns("You")


def test_a_killed_program_leaves_its_words_and_no_process(room: Room) -> None:
    app = talking(room)
    processes = app.processes()
    os.kill(app.pid, signal.SIGKILL)
    until(lambda: not any(map(is_alive, processes)), "no process is left")
    assert "what is two plus three" in room.home.turns("You")


@pytest.mark.weights
@pytest.mark.parametrize("key", ["q", "C-c"])
def test_it_can_be_left_while_it_still_loads(room: Room, key: str) -> None:
    app = room.open("--backend", "cascade")
    app.until(lambda screen: "◌" in screen and "Conversation" in screen, "it loads")
    processes = app.processes()
    app.press(key)
    assert app.exit_code() == 0
    assert leavings(app) == ""
    until(lambda: not any(map(is_alive, processes)), "no process is left")


def test_a_sound_server_that_dies_is_told_in_our_words_only(room: Room) -> None:
    app = talking(room)
    app.until_at_rest()
    app.until(
        lambda screen: "microphone on" in screen and "no loudspeaker" not in screen,
        "both devices are open",
    )
    room.card.kill()
    # Told in one line, or in one for each where a busy machine notices them one after the other.
    app.until(
        lambda screen: (
            "sound devices were lost" in screen
            or ("microphone is gone" in screen and "speaker is gone" in screen)
        ),
        "the loss is told",
    )
    app.type("are you still there")
    app.until_shown("are you still there")
    until(lambda: len(room.home.turns("JARVIS")) >= 2, "it answers in writing", app.screen)
    assert not [word for word in LIBRARIES if word in app.screen()]
    room.card.start()
    app.until(
        lambda screen: "microphone on" in screen and "no loudspeaker" not in screen,
        "sound is back",
    )
    said = len(room.home.turns("JARVIS"))
    with room.recording("again") as again:
        app.press("r")
        until(lambda: len(room.home.turns("JARVIS")) > said, "it repeats itself", app.screen)
    assert loudness(again) > 0.2
    app.press("q")
    assert app.exit_code() == 0


def test_without_any_sound_it_starts_and_says_so(room: Room) -> None:
    room.card.kill()
    app = room.open(*ECHO)
    app.until_shown("▌ JARVIS")
    app.type("who are you")
    until(lambda: len(room.home.turns("JARVIS")) >= 2, "it answers in writing", app.screen)
    assert not [word for word in LIBRARIES if word in app.screen()]
    app.press("q")
    assert app.exit_code() == 0


def test_a_full_disk_is_told_once_and_the_conversation_goes_on(room: Room) -> None:
    app = room.open(*ECHO, before="ulimit -f 0")
    app.until_shown("▌ JARVIS")
    app.until_shown("transcript cannot be saved")
    app.until_at_rest()
    app.type("who are you")
    app.until(
        lambda screen: 0 < screen.rfind("who are you") < screen.rfind("▌ JARVIS"),
        "it answers all the same",
    )
    app.until_at_rest()
    assert app.screen().count("transcript cannot be saved") <= 2, "in the log, and for a moment"
    assert not [word for word in LIBRARIES if word in app.screen()]
    app.press("q")
    assert app.exit_code() == 0
    assert leavings(app) == ""
