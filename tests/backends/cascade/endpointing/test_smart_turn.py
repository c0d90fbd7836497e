"""The voice is judged by its end, however loud it is; without the model nothing is missed."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.backends.base import BackendError
from assistant.backends.cascade.endpointing import smart_turn, smart_turn_weights
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.endpointing.smart_turn import Listener, SmartTurn
from assistant.backends.cascade.recognition.decode import Transcription
from assistant.backends.cascade.recognition.hearing import Hearing
from assistant.frames import AnyEvent, UserTurnEnded
from tests import speech
from tests.hub_stand_in import isolated

SOUND = np.random.default_rng(0).standard_normal(3 * 16_000).astype(np.float32) * 0.1


class Session:
    """onnxruntime, that keeps what it was given."""

    def __init__(self) -> None:
        self.given: list[np.ndarray] = []

    def get_inputs(self) -> list[Any]:
        return [type("Input", (), {"name": "input_features"})]

    def run(self, outputs: None, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        self.given.append(inputs["input_features"])
        return [np.array([[0.75]], np.float32)]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Session:
    session = Session()
    monkeypatch.setattr(smart_turn, "open_session", lambda path, threads: session)
    return session


def test_the_last_eight_seconds_are_heard_with_silence_before_what_is_shorter(
    session: Session,
) -> None:
    model = SmartTurn(Path("any"))
    assert model(SOUND) == 0.75
    (features,) = session.given
    assert features.shape == (1, 80, 800)
    assert features.dtype == np.float32
    before, heard = features[0, :, :490], features[0, :, 510:]
    assert before.max() < heard.mean(), "the sound stands at the end"

    long = np.concatenate([np.ones(16_000, np.float32), np.tile(SOUND, 3)])
    model(long)
    model(long[-8 * 16_000 :])
    assert np.array_equal(session.given[-1], session.given[-2])


def test_how_loud_the_voice_is_does_not_matter(session: Session) -> None:
    model = SmartTurn(Path("any"))
    model(SOUND)
    model(SOUND * 0.1)
    assert np.allclose(session.given[0], session.given[1], atol=1e-3)


def test_silence_is_no_division_by_zero(session: Session) -> None:
    SmartTurn(Path("any"))(np.zeros(1000, np.float32))
    assert np.all(np.isfinite(session.given[0]))


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"no model")
    with pytest.raises(BackendError, match="cannot be read") as caught:
        SmartTurn(tmp_path / "x.onnx")
    assert "models pull smart-turn" in caught.value.remedy


def test_where_there_is_no_model_nothing_is_asked() -> None:
    listener = Listener(None, inline=True)
    listener.ask(SOUND, lambda probability: pytest.fail("nobody could tell"))
    assert not listener.is_there


def test_a_model_that_fails_is_not_asked_again() -> None:
    asked = []

    def judge(audio: np.ndarray) -> float:
        asked.append(audio)
        raise RuntimeError("broken")

    listener = Listener(judge, inline=True)
    for _ in range(2):
        listener.ask(SOUND, lambda probability: pytest.fail("it failed"))
    assert len(asked) == 1


def test_on_its_thread_only_the_latest_pause_is_judged() -> None:
    begun, go_on, told = threading.Event(), threading.Event(), threading.Event()
    judged: list[float] = []

    def judge(audio: np.ndarray) -> float:
        begun.set()
        assert go_on.wait(5)
        return float(audio[0])

    def done(probability: float) -> None:
        judged.append(probability)
        if probability == 3:
            told.set()

    listener = Listener(judge, inline=False)
    for number in (1, 2, 3):
        listener.ask(np.full(4, number, np.float32), done)
        if number == 1:
            assert begun.wait(5)
    go_on.set()
    assert told.wait(5)
    listener.close()
    assert judged == [1, 3]


# -- a turn through it ---------------------------------------------------------------------------


class Whisper:
    """Hears one sentence."""

    def transcribe(self, audio: np.ndarray, names: Any = None, *, brief: bool = False) -> Any:
        return Transcription("I had a long day.")

    def closure(self, text: str) -> float | None:
        return None


def ends(judge: smart_turn.Judge | None) -> float:
    """Seconds from the last sound to the end of the turn."""
    said = speech.espeak("I had a long day")
    sound = np.concatenate([speech.silence(0.6), said, speech.silence(3)])
    events: list[AnyEvent] = []
    hearing = Hearing(Whisper(), TurnConfig(), [], events.append, inline=True, judge=judge)
    for number, frame in enumerate(speech.frames(sound)):
        hearing.push(number, frame)
        for event in events:
            if isinstance(event, UserTurnEnded):
                return number * 0.08 - event.at
    raise AssertionError("it never ended")


def test_a_voice_that_stays_up_is_waited_for_and_one_that_falls_is_not() -> None:
    usual = ends(None)
    assert ends(lambda audio: 0.99) == pytest.approx(usual)
    assert ends(lambda audio: 0.1) > usual + 0.8


def test_a_voice_that_sounded_open_at_first_is_judged_once_more() -> None:
    told = iter([0.1, 0.99])
    assert ends(lambda audio: next(told)) < ends(None) + 0.2


# -- weights -------------------------------------------------------------------------------------


class Index:
    """A package index: what `pip download` puts where it shall."""

    def __init__(self, held: bytes, name: str = "smart-turn-v3.2-cpu.onnx") -> None:
        self.held, self.name = held, name
        self.asked = 0

    def pip(self, arguments: Sequence[str]) -> None:
        self.asked += 1
        assert arguments[0] == "download"
        assert "--no-deps" in arguments
        folder = Path(arguments[arguments.index("--dest") + 1])
        with zipfile.ZipFile(folder / "package-1-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"package/data/{self.name}", self.held)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    isolated(monkeypatch, tmp_path)
    monkeypatch.setattr(smart_turn_weights, "SHA256", hashlib.sha256(b"weights").hexdigest())
    return tmp_path


def fetch_from(index: Index, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(smart_turn_weights, "run_pip", index.pip)
    return smart_turn_weights.fetch(lambda text, fraction: None)


def test_the_weights_are_taken_out_of_their_package_once(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert smart_turn_weights.find() is None
    assert SmartTurn.load() is None
    index = Index(b"weights")
    place = fetch_from(index, monkeypatch)
    assert place.read_bytes() == b"weights"
    assert smart_turn_weights.find() == place
    assert fetch_from(index, monkeypatch) == place
    assert index.asked == 1


@pytest.mark.parametrize(
    ("index", "why"),
    [(Index(b"others"), "does not hold what was published"), (Index(b"", "x"), "is damaged")],
)
def test_what_is_not_as_published_is_not_kept(
    here: Path, monkeypatch: pytest.MonkeyPatch, index: Index, why: str
) -> None:
    with pytest.raises(BackendError, match=why):
        fetch_from(index, monkeypatch)
    assert smart_turn_weights.find() is None
    assert not list(here.rglob("*.onnx"))


def test_a_damaged_file_is_fetched_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = Index(b"weights")
    place = fetch_from(index, monkeypatch)
    place.write_bytes(b"weight")
    assert fetch_from(index, monkeypatch).read_bytes() == b"weights"
    assert index.asked == 2


def test_a_folder_that_cannot_be_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smart_turn_weights.place().parent.parent.parent.mkdir(parents=True)
    smart_turn_weights.place().parent.parent.write_text("a file")
    with pytest.raises(BackendError, match="cannot be written"):
        fetch_from(Index(b"weights"), monkeypatch)
