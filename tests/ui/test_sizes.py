"""No word is cut at any size: whatever stands on the screen was meant to stand there as it is."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from assistant.session.events import Notice
from assistant.ui.app import DashboardApp
from assistant.ui.hints import sayings
from assistant.ui.keymap import BINDINGS
from tests.fakes import BUTLER, LOADING, PERSONAS, READY, FakeSession, conversation
from tests.ui.looking import rows, see

SIZES = [
    (60, 18),
    (60, 24),
    (76, 20),
    (80, 24),
    (97, 33),
    (110, 24),
    (120, 40),
    (170, 34),
    (250, 60),
]
WORD = re.compile(r"[A-Za-z][A-Za-z']+")

VOCABULARY = """
    You typed mic out open opening muted none no microphone speaker on answers answered in
    Microphone Conversation Personas Activity cascade is ready whisper tiny en int kokoro scripted
    persona Apple Silicon CUDA GPU Built Audio Analog Stereo Press and type to idle listening
    thinking speaking initializing interrupted change theme now Core name takes over starting
    joining the voice's weights Speak or Choose a enter choose esc keep as it was Keys closes space
    pgup pgdn ctrl Your own keys settings file under ui keymap write name right key All of this
    works with mouse too press and speaker Microphones Speakers System default USB Headset Living
    overload frames skipped
    remembered say Remember that look again source forget correct search Press
    Nothing is remembered yet Say Memory Source shows where it was said
    Room good peak dB comes from it use tab other list test sound look again close
    Who answers automatic your server else our own model llama Ollama that you run qwen own MB no
    language A of assistant setup brain
    prepared answers usually What happened closes times of the last turn who answers ears voice
    are ready waiting for you listening to you doing change theme persona name now takes over
    answered in New here shows you around in two minutes tells what you can say
    Try saying typing what can you do
    Earlier conversations There are no saved read go on with it pgdn
    Talking Just speak it hears when you have finished Speak while it talks and it stops hear turns
    microphone off and on lets you type instead next back leave the tour of
    Where the time of the last answer went Nothing was answered yet
    Save this conversation as Markdown Into which file It can be read by nobody but you save do not
    Search this conversation older newer Older Newer Close
    time at all md speaks
    What know about you Nothing yet remember Today due remind me at six persona
"""  # fmt: skip


def vocabulary() -> set[str]:
    texts = [VOCABULARY, *(f"{p.name} {p.summary}" for p in PERSONAS)]
    texts += [f"{b.description} {b.tooltip} {(b.id or '').replace('.', ' ')}" for b in BINDINGS]
    for subject, words in sayings("Core 9"):
        texts += [subject, words]
    for event in conversation():
        texts += [getattr(event, "text", ""), getattr(event, "played", "")]
    return {word for text in texts for word in WORD.findall(text)}


def cut_words(app: DashboardApp) -> set[str]:
    return {word for row in rows(app) for word in WORD.findall(row)} - vocabulary()


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize(
    "keys",
    [
        (),
        ("p",),
        ("b",),
        ("d",),
        ("m",),
        ("question_mark",),
        ("a",),
        ("h",),
        ("v",),
        ("w",),
        ("ctrl+s",),
        ("ctrl+f",),
    ],
    ids=" ".join,
)
async def test_no_word_is_cut(
    make_app: Callable[..., DashboardApp],
    session: FakeSession,
    size: tuple[int, int],
    keys: tuple[str, ...],
) -> None:
    app = make_app(session)
    async with app.run_test(size=size) as pilot:
        await see(pilot, "prepared answers")
        session.emit(*conversation())
        await see(pilot, "how long will it")
        await pilot.press(*keys)
        await pilot.pause()
        assert cut_words(app) == set()


async def test_words_stay_whole_while_the_window_changes(
    make_app: Callable[..., DashboardApp], session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        session.emit(*conversation())
        await see(pilot, "prepared answers", "how long will it")
        for size in [(60, 18), (200, 50), (76, 30), (80, 24)]:
            await pilot.resize_terminal(*size)
            await pilot.pause(0.1)
            assert cut_words(app) == set(), size


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_loading_says_what_it_does(
    make_app: Callable[..., DashboardApp], size: tuple[int, int]
) -> None:
    app = make_app(FakeSession(on_start=LOADING))
    async with app.run_test(size=size) as pilot:
        await see(pilot, "42%", "joining the voice's weights")
        assert cut_words(app) == set()


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_who_is_here_what_it_does_and_how_to_leave_is_always_told(
    make_app: Callable[..., DashboardApp], size: tuple[int, int]
) -> None:
    app = make_app(FakeSession(on_start=READY))
    async with app.run_test(size=size) as pilot:
        await see(pilot, BUTLER.name, "waiting for you", "microphone on", "? Help", "q Quit")


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_a_toast_cuts_no_word(
    make_app: Callable[..., DashboardApp], session: FakeSession, size: tuple[int, int]
) -> None:
    app = make_app(session)
    async with app.run_test(size=size, notifications=True) as pilot:
        await see(pilot, "prepared answers")
        session.emit(*conversation())
        await see(pilot, "how long will it")
        session.emit(Notice(text="No speaker", remedy="Press / and type.", severity="warning"))
        await pilot.pause(0.3)
        assert app.query("Toast")
        assert cut_words(app) <= {"No"}
