"""Who writes down what is said to Moshi: the best that is here, and it is said which and why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.backends.cascade import weights
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.recognition.decode import Transcription
from assistant.backends.cascade.recognition.hearing import Hearing
from assistant.backends.cascade.recognition.stt import Recognizer
from assistant.backends.cascade.weights_choice import Choice, fingerprint, remember
from assistant.backends.moshi.listening.listener import (
    STT_CODEBOOKS,
    Deaf,
    Listener,
    load_listener,
    stt_bytes,
)
from assistant.backends.moshi.listening.whisper_listener import WhisperListener
from assistant.frames import (
    FRAME_SECONDS,
    AnyEvent,
    Failed,
    UserText,
    UserTurnEnded,
    UserTurnStarted,
)
from tests import speech
from tests.backends.moshi.conftest import MakeCheckpoint
from tests.hub_stand_in import isolated
from tests.language.test_intents import NAMES

WHISPER = "packaged:tiny.en"
GIB = 1 << 30


@pytest.fixture(autouse=True)
def no_weights_but_the_tests_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer.load(WHISPER, threads=2)


def spoken(text: str) -> list[NDArray[np.float32]]:
    sound = [speech.silence(0.4), speech.kokoro(text), speech.silence(1.4)]
    return speech.frames(np.concatenate(sound))


def listen(listener: Listener, frames: list[NDArray[np.float32]]) -> None:
    for number, frame in enumerate(frames):
        listener.take(number, frame, None)


def load(
    emit: Callable[[AnyEvent], None], *, framework: str = "torch", free: int | None = None,
    codec: object = None, **options: str,
) -> Listener:  # fmt: skip
    return load_listener(
        {"listener": "auto", "whisper": WHISPER, "device": "cpu", **options},
        codec,  # type: ignore[arg-type]
        NAMES,
        emit,
        inline=True,
        progress=lambda text, part: None,
        framework=framework,  # type: ignore[arg-type]
        free_bytes=free,
    )


@pytest.mark.weights
def test_a_spoken_command_comes_out_as_from_the_cascade(recognizer: Recognizer) -> None:
    heard: list[AnyEvent] = []
    expected: list[AnyEvent] = []
    frames = spoken("Change to GLaDOS.")
    listener = WhisperListener(recognizer, NAMES, heard.append, inline=True)
    listen(listener, frames)
    listener.close()
    cascade = Hearing(recognizer, TurnConfig(), NAMES, expected.append, inline=True)
    for number, frame in enumerate(frames):
        cascade.push(number, frame)
    cascade.close()
    assert heard == expected
    began, ended, final = heard[0], heard[-2], heard[-1]
    assert isinstance(began, UserTurnStarted)
    assert began.at == pytest.approx(0.4, abs=0.25)
    assert isinstance(ended, UserTurnEnded)
    assert isinstance(final, UserText)
    assert final.final
    assert final.text == "Change to GLaDOS."
    assert final.speech_end == ended.at < len(frames) * FRAME_SECONDS


class SlowRecognizer:
    """Hears nothing but the opening of a gate."""

    label = "slow"

    def __init__(self) -> None:
        self.gate = threading.Event()

    def transcribe(
        self, audio: NDArray[np.float32], names: object = None, *, brief: bool = False
    ) -> Transcription:
        assert self.gate.wait(20)
        return Transcription("Be quiet.")

    def closure(self, text: str) -> None:
        pass


def test_transcription_keeps_no_frame_of_the_models_waiting() -> None:
    events: list[AnyEvent] = []
    final = threading.Event()

    def emit(event: AnyEvent) -> None:
        events.append(event)
        if isinstance(event, UserText) and event.final:
            final.set()

    slow = SlowRecognizer()
    listener = WhisperListener(slow, NAMES, emit, inline=False)  # type: ignore[arg-type]
    rate = 16_000
    vowel = speech.espeak("Be quiet.")
    listen(listener, speech.frames(np.concatenate([vowel, np.zeros(2 * rate, np.float32)])))
    assert any(isinstance(event, UserTurnEnded) for event in events), "the frames went through"
    assert not any(isinstance(event, UserText) for event in events)
    slow.gate.set()
    assert final.wait(20)
    listener.close()


def test_no_words_are_lost_when_the_next_turn_begins_before_they_are_written() -> None:
    finals: list[UserText] = []
    both = threading.Event()

    def emit(event: AnyEvent) -> None:
        if isinstance(event, UserText) and event.final:
            finals.append(event)
            if len(finals) == 2:
                both.set()

    slow = SlowRecognizer()
    listener = WhisperListener(slow, NAMES, emit, inline=False)  # type: ignore[arg-type]
    turn = np.concatenate([speech.espeak("Be quiet."), speech.silence(1.5)])
    listen(listener, speech.frames(np.concatenate([turn, turn])))
    assert finals == []
    slow.gate.set()
    assert both.wait(20)
    assert finals[0].speech_end < finals[1].speech_end
    listener.close()


def test_nobody_listens_where_nobody_shall() -> None:
    events: list[AnyEvent] = []
    listener = load(events.append, listener="none")
    assert isinstance(listener, Deaf)
    assert listener.codebooks == 8
    assert listener.label == "ears: none"
    listen(listener, speech.frames(speech.pink_noise(16_000) * 0.1))
    assert events == []


@pytest.mark.weights
def test_auto_is_whisper_where_kyutais_weights_are_not() -> None:
    events: list[AnyEvent] = []
    listener = load(events.append)
    assert listener.label == "ears: whisper tiny.en int8 (Kyutai's weights are not here)"
    assert listener.codebooks == 8
    assert events == [], "the usual case is nothing to complain of"
    listener.close()


def test_whisper_listens_with_the_weights_that_were_chosen_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Loaded:
        knows_languages = False

        def __init__(self, spec: str) -> None:
            self.label = f"whisper {spec}"

        def warm_up(self) -> None: ...

    isolated(monkeypatch, tmp_path)
    here = ["small.en", "packaged:tiny.en"]
    monkeypatch.setattr(weights, "is_here", lambda spec: spec in here)
    monkeypatch.setattr(Recognizer, "load", lambda spec, threads, language: Loaded(spec))
    remember(Choice(spec="small.en", fingerprint=fingerprint(here, 0)))

    for chosen in ({"whisper": "auto"}, {}):
        options = {"listener": "whisper", **chosen}
        listener = load_listener(
            options, None, NAMES, print, inline=True, progress=lambda text, part: None
        )
        assert listener.label == "ears: whisper small.en"
        listener.close()


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_auto_is_kyutais_recognition_where_it_is_here_and_fits(
    checkpoint: MakeCheckpoint, framework: str
) -> None:
    pytest.importorskip("moshi" if framework == "torch" else "moshi_mlx")
    events: list[AnyEvent] = []
    folder = str(checkpoint("stt"))
    listener = load(events.append, framework=framework, free=4 * GIB, listener_weights=folder)
    assert listener.codebooks == STT_CODEBOOKS
    assert listener.label.startswith("ears: stt")
    codes = np.random.default_rng(0).integers(0, 2048, (30, 32))
    for number, frame in enumerate(codes):
        listener.take(number, np.zeros(1920, np.float32), frame)
    listener.close()
    assert any(isinstance(event, UserText) for event in events)
    assert not any(isinstance(event, Failed) for event in events)


@pytest.mark.weights
def test_auto_is_whisper_where_memory_is_short(checkpoint: MakeCheckpoint) -> None:
    assert 1.8 * GIB < stt_bytes("torch") < 2.2 * GIB, "a billion weights of two bytes"
    listener = load(lambda event: None, free=GIB, listener_weights=str(checkpoint("stt")))
    assert isinstance(listener, WhisperListener)
    assert "1 are free" in listener.label
    listener.close()


@pytest.mark.weights
@pytest.mark.parametrize("what", ["missing", "no recogniser", "codec"])
def test_what_was_asked_for_and_cannot_be_is_said(
    checkpoint: MakeCheckpoint, tmp_path: Path, what: str
) -> None:
    class EightCodes:
        codebooks = 8

    source = {
        "missing": str(tmp_path / "nothing"),
        "no recogniser": str(checkpoint("moshi")),
        "codec": str(checkpoint("stt")),
    }[what]
    events: list[AnyEvent] = []
    codec = EightCodes() if what == "codec" else None
    listener = load(events.append, listener="stt", listener_weights=source, codec=codec)
    assert isinstance(listener, WhisperListener)
    (failed,) = events
    assert isinstance(failed, Failed)
    assert "Kyutai's speech recognition cannot be used" in failed.message
    assert failed.remedy
    assert not failed.fatal
    listener.close()


def test_without_any_recogniser_the_conversation_goes_on_untranscribed(tmp_path: Path) -> None:
    events: list[AnyEvent] = []
    listener = load(events.append, listener="whisper", whisper=str(tmp_path / "none"))
    assert isinstance(listener, Deaf)
    assert "none" in listener.label
    (failed,) = events
    assert isinstance(failed, Failed)
    assert failed.message.startswith("Nobody can write down what you say")
    assert failed.remedy
    assert not failed.fatal
