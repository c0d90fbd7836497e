"""The backend as the host sees it, live and on the virtual clock."""

from __future__ import annotations

import gc
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import cycle

import numpy as np
import pytest

from assistant.backends.base import BackendError
from assistant.backends.moshi.backend import MoshiBackend
from assistant.backends.moshi.contract import Codes
from assistant.backends.moshi.prompts.tail import TAIL
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    FRAME_SAMPLES,
    AudioOut,
    Failed,
    Lag,
    Load,
    Prefilled,
    UtteranceEnded,
)
from tests.backends.moshi.fake_engine import PAD, Studio, persona

SILENT = np.zeros(FRAME_SAMPLES, np.float32)


@pytest.fixture
def live() -> Iterator[Studio]:
    studio = Studio(kind="personaplex", virtual=False)
    yield studio
    studio.backend.close()


def until(condition: Callable[[], bool]) -> None:
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen within 30 s")


def test_the_status_line_names_model_device_context_and_ears() -> None:
    studio = Studio()
    line = MoshiBackend(
        lambda event: None,
        load=lambda *args: studio._engine(),
        listen=studio.backend._load_listener,
    ).load(Load({}, [], True))
    assert line == "fake · cpu · 240 s · ears: none"


def test_it_tells_what_it_can_do() -> None:
    can = Studio(kind="personaplex").backend.capabilities
    assert can.full_duplex
    assert can.answers_by_itself
    assert can.say
    assert can.text_prompt
    assert can.voice_prompt
    assert can.snapshots
    assert not can.user_text, "nobody listens here"
    plain = Studio(kind="moshi").backend.capabilities
    assert not plain.text_prompt
    assert not plain.snapshots


def test_speech_recognition_cannot_hold_a_conversation() -> None:
    with pytest.raises(BackendError, match="only listens"):
        Studio(kind="stt")


def test_the_virtual_clock_gives_the_same_events_each_time() -> None:
    def run() -> list[object]:
        studio = Studio(kind="personaplex")
        studio.backend.change_persona(persona())
        studio.script(20, *["▁word", 3, "▁TO", "AST"] * 20)
        studio.backend.say(1, "Good evening.", final=True)
        studio.push(150, level=0.01)
        studio.backend.interrupt()
        studio.push(50)
        return [e for e in studio.events if not isinstance(e, Prefilled)]

    assert run() == run()


def test_every_frame_is_heard_in_its_order() -> None:
    studio = Studio()
    for number in range(500):
        studio.push(1, level=number / 1000)
    assert list(studio.model.heard) == list(range(500))


# -- live ------------------------------------------------------------------------------------------


def test_a_greeting_sounds_even_without_a_microphone(live: Studio) -> None:
    live.backend.change_persona(persona())
    live.backend.say(1, "Good evening.", final=True)
    until(lambda: 1 in live.ended())
    assert live.said() == "Good evening."
    assert live.ended()[1] == live.sound(1).size
    assert live.sound(1).any()


def test_pushing_never_waits_for_the_model(live: Studio) -> None:
    let_go = threading.Event()
    live.model.before_step = lambda: let_go.wait(30) and None  # type: ignore[assignment, func-returns-value]
    live.push(2000)  # would take 160 s, or for ever
    assert any(isinstance(event, Lag) and event.dropped for event in live.events)
    let_go.set()


def test_after_an_interruption_not_a_sample_comes(live: Studio) -> None:
    live.model.script = cycle([live.tokenizer.id("▁word"), PAD])
    live.backend.say(5, "Never mind. " * 50, final=True)
    for _ in range(40):
        live.push(1)
        time.sleep(0.002)
    until(lambda: len(live.sound(5)) > 0)
    live.backend.interrupt()
    heard = live.sound(5).size
    at = len(live.events)
    live.push(3)
    until(lambda: 5 in live.ended())
    assert live.ended()[5] == heard
    later = live.events[at:]
    assert not any(isinstance(e, AudioOut) and e.utterance == 5 for e in later)


def test_a_persona_is_prepared_while_the_conversation_goes_on(live: Studio) -> None:
    live.backend.prefill(persona("glados"), swap=False)
    until(lambda: bool(live.of(Prefilled)))
    live.backend.change_persona(persona("glados"))
    until(lambda: len(live.of(Prefilled)) == 2)
    assert [e.swapped for e in live.of(Prefilled)] == [False, True]


def test_a_voice_that_takes_long_to_load_holds_nobody_up(live: Studio) -> None:
    loaded = threading.Event()

    def slow(name: str) -> list[Codes]:
        loaded.wait(30)
        return []

    assert live.backend._personas is not None
    live.backend._personas._load_voice = slow
    live.backend.prefill(persona("glados", voice_prompt="slow.wav"), swap=False)
    live.backend.say(1, "Meanwhile.", final=True)
    until(lambda: 1 in live.ended())
    assert live.of(Prefilled) == []
    loaded.set()
    until(lambda: bool(live.of(Prefilled)))


def test_a_model_that_breaks_is_told_once_as_the_end_of_this_process(
    live: Studio, capfd: pytest.CaptureFixture[str]
) -> None:
    live.model.breaks = True
    live.push(3)
    until(lambda: bool(live.of(Failed)))
    live.push(100)
    (failed,) = live.of(Failed)
    assert failed.fatal
    assert "fell off the bus" in failed.message
    assert "Traceback" in capfd.readouterr().err, "the log keeps the whole story"


def test_a_model_that_breaks_on_the_virtual_clock_says_the_same() -> None:
    studio = Studio()
    studio.model.breaks = True
    studio.push(10)
    assert [e.fatal for e in studio.of(Failed)] == [True]


def test_a_warm_up_that_fails_is_an_error_of_loading() -> None:
    def broken() -> None:
        raise BackendError("The card has too little memory.", "Choose int4.")

    studio = Studio()
    studio.model.warm_up = broken  # type: ignore[method-assign]
    again = MoshiBackend(
        studio.events.append,
        load=lambda *args: studio._engine(),
        listen=studio.backend._load_listener,
    )
    with pytest.raises(BackendError, match="too little memory"):
        again.load(Load({}, [], False))
    again.close()


def test_a_restarted_backend_numbers_its_utterances_anew(live: Studio) -> None:
    live.script("▁Hello")
    live.push(1)
    until(lambda: bool(live.of(UtteranceEnded)))
    (number,) = live.ended()
    assert number > FIRST_OWN_UTTERANCE + 2**40, "the host may still know those of the last one"


# -- the long run ----------------------------------------------------------------------------------


def test_a_hundred_thousand_frames_leave_nothing_behind() -> None:
    studio = Studio(kind="personaplex", keep=False)
    words = ["▁Well", PAD, PAD, ",", PAD, "▁TO", "AST", *[PAD] * 4, "▁sir", ".", *[PAD] * 30]
    call = ["▁TOOL_CALL:", '▁{"name":', '"x"}', *[PAD] * 20]
    tokens = [w if isinstance(w, int) else studio.tokenizer.id(w) for w in [*words, *call]]
    studio.model.script = cycle(tokens)
    frame = np.full(FRAME_SAMPLES, 0.01, np.float32)
    backend = studio.backend

    def talk(frames: range) -> None:
        for number in frames:
            if number % 500 == 0:
                backend.say(number, "Good evening, sir.", final=True)
            if number % 700 == 0:
                backend.interrupt()
            if number % 900 == 0:
                backend.prefill(persona(f"p{number % 7}"), swap=number % 1800 == 0)
                backend.inject("It rains.")
            backend.push(number, frame)
        studio.model.knows = ()  # the fake remembers what the real model forgets
        assert backend._personas is not None
        assert len(backend._personas._recent) <= TAIL
        backend._personas._recent.clear()  # full or not, by when the persona was changed
        gc.collect()

    def sizes() -> list[int]:
        parts = (backend._stepper, backend._utterances, backend._personas, backend._clock)
        return [deep_size(part) for part in parts]

    talk(range(6_300))
    begin = sizes()
    talk(range(6_300, 94_500))
    tracemalloc.start()
    try:
        talk(range(94_500, 97_650))
        held = tracemalloc.get_traced_memory()[0]
        talk(range(97_650, 100_800))
        growth = tracemalloc.get_traced_memory()[0] - held
    finally:
        tracemalloc.stop()
    assert studio.model.steps == 100_800
    assert growth < 30_000
    for before, after in zip(begin, sizes(), strict=True):
        assert after < before + 30_000


def deep_size(thing: object, seen: set[int] | None = None) -> int:
    """Bytes of what an object of ours reaches through its attributes and containers."""
    seen = set() if seen is None else seen
    if id(thing) in seen or isinstance(thing, type) or callable(thing):
        return 0
    seen.add(id(thing))
    size = sys.getsizeof(thing)
    if isinstance(thing, np.ndarray):
        return size
    if isinstance(thing, dict):
        return size + sum(deep_size(v, seen) for pair in thing.items() for v in pair)
    if isinstance(thing, list | tuple | set) or type(thing).__name__ in ("deque", "OrderedDict"):
        return size + sum(deep_size(item, seen) for item in thing)  # type: ignore[attr-defined]
    if type(thing).__module__.startswith("tests"):
        return size  # the fakes remember for the tests
    names = getattr(thing, "__slots__", ()) or getattr(thing, "__dict__", {})
    return size + sum(deep_size(getattr(thing, name, None), seen) for name in names)
