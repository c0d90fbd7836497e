"""The wire carries every message whole, and nothing that comes over it can do harm."""

import multiprocessing.connection as mpc
import os
import threading

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant import frames as f
from assistant.backends import wire
from assistant.backends.host.send_queue import SendQueue

FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)
VOICES = st.builds(
    f.VoiceSpec,
    kokoro=st.dictionaries(st.text(max_size=8), FLOATS, max_size=3),
    piper=st.none() | st.text(max_size=8),
    speed=FLOATS,
)
COMMANDS = st.one_of(
    st.builds(f.Push, st.integers(0, 2**40), st.binary(max_size=64)),
    st.builds(
        f.Say,
        st.integers(0, 2**40),
        st.text(),
        st.booleans(),
        FLOATS,
        st.builds(f.Prosody, rate=FLOATS, pitch=FLOATS, effect=st.text(max_size=8)),
    ),
    st.builds(f.Prefetch, st.lists(st.builds(f.PrefetchLine, st.text(), VOICES), max_size=3)),
    st.just(f.Interrupt()),
    st.just(f.Close()),
)
NUMBERS = st.integers(0, 2**40)
EVENTS = st.one_of(
    st.builds(f.AudioOut, st.integers(0, 2**40), st.binary(max_size=64)),
    st.builds(
        f.AgentText, st.integers(0, 2**40), st.text(), st.integers(0, 2**40), st.integers(0, 2**40)
    ),
    st.builds(
        f.UserText,
        text=st.text(),
        final=st.booleans(),
        language=st.text(),
        voice=st.none()
        | st.builds(
            f.VoiceFeatures,
            **dict.fromkeys(f.VoiceFeatures.__struct_fields__, FLOATS),
        ),
    ),
    st.builds(f.Failed, message=st.text(), remedy=st.text(), fatal=st.booleans()),
)


@given(COMMANDS)
def test_a_command_comes_out_as_it_went_in(command: f.AnyCommand) -> None:
    assert wire.decode_command(wire.encode(command)) == command


@given(EVENTS)
def test_an_event_comes_out_as_it_went_in(event: f.AnyEvent) -> None:
    assert wire.decode_event(wire.encode(event)) == event


@given(st.binary(max_size=200))
def test_garbage_is_refused_with_one_kind_of_error(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        wire.decode_event(b"\xc1" + data)


def test_sound_survives_to_the_bit() -> None:
    sound = np.linspace(-1, 1, 1920, dtype=np.float32)
    assert np.array_equal(wire.decode_pcm(wire.encode_pcm(sound)), sound)


def test_a_child_without_the_key_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = wire.WireListener()
    refused: list[BaseException] = []

    def accept() -> None:
        try:
            listener.accept()
        except BaseException as error:
            refused.append(error)

    thread = threading.Thread(target=accept)
    thread.start()
    for name, value in listener.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(wire.KEY_VARIABLE, bytes(32).hex())
    monkeypatch.setenv(wire.ADDRESS_VARIABLE, f"descriptor:{os.dup(listener.inherited[0])}")
    with pytest.raises((mpc.AuthenticationError, EOFError, OSError)):  # type: ignore[attr-defined]
        wire.connect()
    thread.join(5)
    listener.close()
    assert len(refused) == 1


def test_the_wait_for_a_child_that_never_calls_can_be_ended() -> None:
    listener = wire.WireListener()
    ended: list[BaseException] = []

    def accept() -> None:
        try:
            listener.accept()
        except (EOFError, OSError) as error:
            ended.append(error)

    thread = threading.Thread(target=accept)
    thread.start()
    thread.join(0.1)
    listener.wake()
    thread.join(5)
    assert not thread.is_alive()
    assert len(ended) == 1
    listener.close()


def test_a_child_that_does_not_read_costs_old_frames_only() -> None:
    """Commands are kept, frames are dropped oldest first and counted."""
    ours, theirs = mpc.Pipe()
    # Nothing is read until everything was queued: the pipe's own buffer takes a few dozen frames.
    queue = SendQueue(ours, max_frames=5)
    for number in range(500):
        queue.put(f.Push(number, bytes(f.FRAME_BYTES)))
    queue.put(f.Interrupt())
    assert queue.dropped > 0
    received = []
    while not received or not isinstance(received[-1], f.Interrupt):
        assert theirs.poll(5)
        received.append(wire.decode_command(theirs.recv_bytes()))
    queue.close()
    numbers = [c.frame for c in received if isinstance(c, f.Push)]
    assert len(numbers) + queue.dropped == 500
    assert numbers == sorted(numbers)
    assert numbers[-1] == 499
