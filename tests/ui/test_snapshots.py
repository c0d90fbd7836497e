"""The dashboard as a picture, at the sizes and in the states that people meet.

After a wanted change look at the pictures and accept them with `--snapshot-update`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from textual.pilot import Pilot

from assistant.audio.devices.portaudio import PortAudioUnavailable
from assistant.personas.loading import Persona
from assistant.session.events import (
    AgentSaid,
    AnswerPaused,
    AudioChanged,
    Failure,
    FirstSample,
    Notice,
    SessionEvent,
    StateChanged,
    UserSaid,
)
from assistant.ui.app import DashboardApp
from tests.fakes import (
    BUTLER,
    FRIEND,
    LOADING,
    PERSONAS,
    READY,
    FakeSession,
    conversation,
    speech_like,
)
from tests.ui.looking import see
from tests.ui.remembered import evening, recalled, remembering

SIZES = [(60, 18), (80, 24), (120, 40), (250, 60)]
Compare = Callable[..., bool]
MakeApp = Callable[..., DashboardApp]


def talking(
    events: Iterable[SessionEvent] = READY, persona: Persona = BUTLER, sound: bool = True
) -> FakeSession:
    session = FakeSession(on_start=events)
    session.persona = persona
    if sound:
        session.input_levels.push(speech_like(8))
        session.output_levels.push(speech_like(8, seed=3, peak=0.2))
    return session


def playing(session: FakeSession, *words: str, press: Iterable[str] = ()) -> Callable[..., object]:
    """Hold the whole conversation, press keys, and wait until `words` are on the screen."""

    async def run(pilot: Pilot[None]) -> None:
        await see(pilot, "prepared answers")
        session.emit(*conversation(persona=session.persona.slug))
        await see(pilot, "and how long will it")
        await pilot.press(*press)
        await see(pilot, *words)
        await pilot.pause()

    return run


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_a_conversation(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]) -> None:
    session = talking()
    assert snap_compare(make_app(session), terminal_size=size, run_before=playing(session))


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_a_light_persona(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]) -> None:
    session = talking(persona=FRIEND)
    assert snap_compare(make_app(session), terminal_size=size, run_before=playing(session))


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_the_picker_shows_the_persona_under_the_cursor(
    snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]
) -> None:
    session = talking()
    run = playing(session, f"2 {PERSONAS[1].name}", press=["p", "right"])
    assert snap_compare(make_app(session), terminal_size=size, run_before=run)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_who_answers(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]) -> None:
    session = talking()
    run = playing(session, "Who answers?", "1,280 MB", press=["b", "down"])
    assert snap_compare(make_app(session), terminal_size=size, run_before=run)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_help(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]) -> None:
    session = talking(sound=False)
    run = playing(session, "What you can say", press=["question_mark"])
    assert snap_compare(make_app(session), terminal_size=size, run_before=run)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_the_backend_is_loading(
    snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]
) -> None:
    async def loading(pilot: Pilot[None]) -> None:
        await see(pilot, "42%", "joining the voice")

    session = talking(LOADING, sound=False)
    assert snap_compare(make_app(session), terminal_size=size, run_before=loading)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_no_microphone(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]) -> None:
    missing = [
        AudioChanged(microphone=None, speaker="Built-in Audio Analog Stereo"),
        Notice(text="No microphone was found", remedy="Plug one in, or type.", key="microphone"),
    ]

    async def without(pilot: Pilot[None]) -> None:
        await see(pilot, "No microphone was found. Press / and type.")

    session = talking([*READY, *missing], sound=False)
    assert snap_compare(make_app(session), terminal_size=size, run_before=without)


@pytest.mark.parametrize("persona", [BUTLER, FRIEND], ids=["dark", "light"])
@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_microphone_and_speaker(
    snap_compare: Compare, make_app: MakeApp, size: tuple[int, int], persona: Persona
) -> None:
    session = talking(persona=persona)
    run = playing(session, "The microphone is USB Headset now.", press=["d", "down", "enter"])
    assert snap_compare(make_app(session), terminal_size=size, run_before=run)


def test_microphone_and_speaker_without_colour(
    snap_compare: Compare, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    session = talking()
    run = playing(session, "Playing on Built-in", press=["d", "tab", "down", "t"])
    assert snap_compare(make_app(session), run_before=run)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_the_sound_server_does_not_answer(
    snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]
) -> None:
    session = talking(sound=False)
    session.failing["devices"] = PortAudioUnavailable(
        "hung", "The sound server does not answer.",
        "Restart the sound server: systemctl --user restart pipewire wireplumber pipewire-pulse, "
        "or: pulseaudio --kill.",
    )  # fmt: skip
    run = playing(session, "systemctl", "--kill.", press=["d"])
    assert snap_compare(make_app(session), terminal_size=size, run_before=run)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_an_answer_has_paused_for_the_user(
    snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]
) -> None:
    stages = {"wait": 240.0, "transcribe": 110.0, "answer": 5.0, "voice": 140.0, "device": 25.0}
    device = "Built-in Audio Analog Stereo"
    paused = [
        AudioChanged(microphone=device, speaker=device, echo="echo −38 dB"),
        FirstSample(turn=1, latency=1.1, stages=stages),
        StateChanged(state="speaking"),
        FirstSample(turn=3, latency=0.52, stages=stages),
        AgentSaid(turn=3, persona="butler", text="It is nineteen minutes past six."),
        AnswerPaused(turn=3),
    ]

    async def pausing(pilot: Pilot[None]) -> None:
        await see(pilot, "❚❚ paused", "past six.")
        await pilot.pause(0.1)

    session = talking([*READY, *paused])
    assert snap_compare(make_app(session), terminal_size=size, run_before=pausing)


def test_something_stays_broken(snap_compare: Compare, make_app: MakeApp) -> None:
    broken = Failure(
        text="The backend cannot start", remedy="Run `assistant doctor` to see why it cannot."
    )

    async def failing(pilot: Pilot[None]) -> None:
        await see(pilot, "assistant doctor")

    session = talking([*READY, broken], sound=False)
    assert snap_compare(make_app(session), run_before=failing)


def test_without_colour(
    snap_compare: Compare, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    session = talking()
    assert snap_compare(make_app(session), run_before=playing(session))


# --- what is remembered ----------------------------------------------------------------------


def remembered(persona: Persona = BUTLER) -> FakeSession:
    session = talking(persona=persona, sound=False)
    session.memory = remembering(evening())
    return session


def looking(session: FakeSession, *words: str, press: Iterable[str] = ()) -> Callable[..., object]:
    """The panel, with what came to mind; then these keys."""

    async def run(pilot: Pilot[None]) -> None:
        await playing(session)(pilot)
        session.emit(recalled())
        await pilot.press("m")
        await see(pilot, "Is your sister called Grace or Ann?")
        await pilot.press(*press)
        await see(pilot, *words)
        await pilot.pause(0.2)

    return run


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
def test_what_is_remembered(
    snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]
) -> None:
    session = remembered()
    run = looking(session, "▸ You", press=["down", "enter"])
    assert snap_compare(make_app(session), terminal_size=size, run_before=run)


def test_what_is_remembered_in_light_colours(snap_compare: Compare, make_app: MakeApp) -> None:
    session = remembered(FRIEND)
    run = looking(session, "▸ You", press=["down", "enter"])
    assert snap_compare(make_app(session), terminal_size=(120, 40), run_before=run)


def test_what_is_remembered_without_colour(
    snap_compare: Compare, make_app: MakeApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    session = remembered()
    run = looking(session, "▸ You", press=["down", "enter"])
    assert snap_compare(make_app(session), run_before=run)


@pytest.mark.parametrize("size", [(60, 18), (120, 40)], ids="{0[0]}x{0[1]}".format)
def test_forgetting_asks_before(
    snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]
) -> None:
    session = remembered()
    run = looking(session, "Forget this for good?", "No (n)", press=["down", "f"])
    assert snap_compare(make_app(session), terminal_size=size, run_before=run)


@pytest.mark.parametrize("size", [(60, 18), (120, 40)], ids="{0[0]}x{0[1]}".format)
def test_an_open_question(snap_compare: Compare, make_app: MakeApp, size: tuple[int, int]) -> None:
    session = remembered()
    run = looking(session, "Something else …", press=["enter"])
    assert snap_compare(make_app(session), terminal_size=size, run_before=run)


def test_a_private_conversation(snap_compare: Compare, make_app: MakeApp) -> None:
    session = talking(sound=False)
    session.memory = remembering(private=True)
    assert snap_compare(make_app(session), run_before=playing(session, "private"))


def test_several_people_by_their_names(snap_compare: Compare, make_app: MakeApp) -> None:
    session = talking(sound=False)

    async def run(pilot: Pilot[None]) -> None:
        await see(pilot, "prepared answers")
        answer = "Seven, Ada. Ben came at six."
        session.emit(
            UserSaid(turn=1, text="When does it begin?", final=True, speaker="Ada"),
            AgentSaid(turn=2, persona="butler", text=answer, final=True, played=answer),
            UserSaid(turn=3, text="And I?", final=True, speaker="Ben [bold]Ray[/]"),
            UserSaid(turn=4, text="it was", final=False),
        )
        await see(pilot, "it was")
        await pilot.pause()

    assert snap_compare(make_app(session), run_before=run)
