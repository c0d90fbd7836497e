"""Wyoming as Home Assistant speaks it: with its own client library."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import itertools
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import numpy as np
import pytest
import pytest_asyncio

pytest.importorskip("wyoming", reason="its clients are wyoming's")
pytest.importorskip("sphn", reason="the server needs sphn")

from hypothesis import given
from hypothesis import strategies as st
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.handle import Handled, NotHandled
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from assistant import frames as f
from assistant.backends.base import BackendError
from assistant.backends.wire import decode_pcm
from assistant.config.schema import Config
from assistant.personas.loading import load_personas
from assistant.serving import conversations as conversations_module
from assistant.serving.api.engine import SpeechService
from assistant.serving.connection_limits import Limits, open_sockets
from assistant.serving.conversations import Conversations, Prepare
from assistant.serving.wyoming.protocol import MOST_LINE, ProtocolError, read_event
from assistant.serving.wyoming.server import WyomingServer, may_enter
from assistant.session.dependencies import SessionDependencies
from assistant.session.factory import find_personas
from tests.fakes import SAMPLES_A_WORD, FakeBrain, until
from tests.serving.api.served import LoadedProcess


@dataclass
class Served:
    """`port` is JARVIS's, `second` GLaDOS's."""

    port: int
    second: int
    process: LoadedProcess
    conversations: Conversations
    server: WyomingServer


@contextlib.asynccontextmanager
async def serving(
    limits: Limits | None = None,
    prepare: Prepare = lambda dependencies: None,
    *,
    only_agent: bool = False,
    on_refused: Callable[[str], None] = lambda host: None,
) -> AsyncIterator[Served]:
    """`only_agent`: of the second port."""
    config = Config()
    config.brain.kind = "scripted"
    personas = find_personas(config)
    processes: list[LoadedProcess] = []

    def make(on_event):  # type: ignore[no-untyped-def]
        processes.append(LoadedProcess(on_event))
        return processes[-1]

    service = SpeechService(make)
    conversations = Conversations(config, personas, prepare=prepare)
    server = WyomingServer(
        service, conversations, personas, config, limits=limits, on_refused=on_refused
    )
    await service.start()
    ports = []
    for agent in ("jarvis", "glados"):
        (listening,) = open_sockets("127.0.0.1", 0)
        ports.append(listening.getsockname()[1])
        await server.listen(listening, agent, only_agent=only_agent and bool(ports[1:]))
    try:
        yield Served(*ports, processes[0], conversations, server)
    finally:
        await server.close()
        await conversations.close()
        await service.stop()


@pytest_asyncio.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as running:
        yield running


async def read(client: AsyncTcpClient) -> Event:
    async with asyncio.timeout(20):
        event = await client.read_event()
    assert event is not None
    return event


async def sound_of(client: AsyncTcpClient, last: type) -> tuple[list[str], bytes]:
    """Types of the events other than sound, up to `last`, and the sound."""
    kinds, sound = [], b""
    while True:
        event = await read(client)
        if AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            assert (chunk.rate, chunk.width, chunk.channels) == (24_000, 2, 1)
            sound += chunk.audio
            continue
        kinds.append(event.type)
        if last.is_type(event.type):
            return kinds, sound


async def ask(port: int, text: str, conversation: str | None = None) -> str:
    async with AsyncTcpClient("127.0.0.1", port) as client:
        context = {"conversation_id": conversation} if conversation else None
        await client.write_event(Transcript(text, context=context).event())
        event = await read(client)
        assert Handled.is_type(event.type)
        return Handled.from_event(event).text or ""


async def test_every_persona_is_a_voice_and_an_agent(served: Served) -> None:
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        await client.write_event(Describe().event())
        info = Info.from_event(await read(client))
    personas = load_personas().loaded
    assert [voice.name for voice in info.tts[0].voices] == list(personas)
    assert {agent.name for agent in info.handle} == {each.name for each in personas.values()}
    assert info.handle[0].name == "JARVIS"
    assert info.asr[0].models[0].languages == ["en"]
    assert all(each.installed for each in [*info.asr, *info.tts, *info.handle])


async def test_another_port_has_another_agent_first(served: Served) -> None:
    async with AsyncTcpClient("127.0.0.1", served.second) as client:
        await client.write_event(Describe().event())
        info = Info.from_event(await read(client))
    assert info.handle[0].name == "GLaDOS"


async def test_a_port_of_an_agent_tells_of_nothing_that_the_first_has_told_of() -> None:
    async with serving(only_agent=True) as served:
        async with AsyncTcpClient("127.0.0.1", served.second) as client:
            await client.write_event(Describe().event())
            info = Info.from_event(await read(client))
        assert info.handle[0].name == "GLaDOS"
        assert not info.tts
        assert not info.asr
        assert "GLaDOS" in await ask(served.second, "What is your name?")


async def test_a_text_is_spoken_in_the_voice_that_was_asked_for(served: Served) -> None:
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        voice = SynthesizeVoice(name="glados")
        await client.write_event(Synthesize(text="One two three.", voice=voice).event())
        kinds, sound = await sound_of(client, AudioStop)
    assert kinds == ["audio-start", "audio-stop"]
    assert len(sound) == 3 * 2 * SAMPLES_A_WORD
    said = served.process.of(f.Say)[0]
    assert said.voice == load_personas().loaded["glados"].voice.spec()


async def test_a_text_that_comes_in_pieces_is_spoken_while_it_comes(served: Served) -> None:
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        await client.write_event(SynthesizeStart(voice=SynthesizeVoice(name="hal")).event())
        for word in ("This ", "is ", "one ", "sentence", ". ", "And "):
            await client.write_event(SynthesizeChunk(text=word).event())
        await until(lambda: bool(served.process.of(f.Say)))
        assert served.process.said() == "This is one sentence."
        await client.write_event(SynthesizeChunk(text="another one.").event())
        # Home Assistant sends the whole, too, for servers that cannot take pieces.
        await client.write_event(Synthesize(text="This is one sentence. And another one.").event())
        await client.write_event(SynthesizeStop().event())
        kinds, sound = await sound_of(client, SynthesizeStopped)
    assert kinds == ["audio-start", "audio-stop", "synthesize-stopped"]
    assert len(sound) >= 7 * 2 * SAMPLES_A_WORD
    assert " ".join(say.text for say in served.process.of(f.Say)) == (
        "This is one sentence. And another one."
    )


@pytest.mark.parametrize(("rate", "channels"), [(16_000, 1), (48_000, 2)])
async def test_sound_is_written_down_whatever_its_rate(
    served: Served, rate: int, channels: int
) -> None:
    served.process.written_down = [f.Transcribed(0, text="Turn on the light.", language="en")]
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate)
    data = (np.repeat(tone[:, None], channels, axis=1) * 32_767).astype("<i2").tobytes()
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        asked = Transcribe(language="en-US", transcript_names=["Kitchen lamp"])
        await client.write_event(asked.event())
        await client.write_event(AudioStart(rate, 2, channels).event())
        for at in range(0, len(data), 8_192):
            chunk = AudioChunk(rate, 2, channels, data[at : at + 8_192])
            await client.write_event(chunk.event())
        await client.write_event(AudioStop().event())
        transcript = Transcript.from_event(await read(client))
    assert (transcript.text, transcript.language) == ("Turn on the light.", "en")
    command = served.process.of(f.Transcribe)[0]
    assert (command.language, command.context) == ("en", "Kitchen lamp")
    heard = decode_pcm(command.pcm)
    assert heard.size == pytest.approx(2 * 16_000, abs=200)
    assert np.abs(heard).max() == pytest.approx(0.25, abs=0.02)


async def say_into(client: AsyncTcpClient) -> None:
    """A second of sound."""
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    data = (tone * 32_767).astype("<i2").tobytes()
    await client.write_event(AudioChunk(16_000, 2, 1, data).event())
    await client.write_event(AudioStop().event())


@pytest.mark.parametrize("pieces", [[1], [3, 7, 1, 2, 44, 1_001]])
async def test_sound_is_written_down_wherever_it_is_cut(served: Served, pieces: list[int]) -> None:
    """Home Assistant sends a request's body on as it comes, in the middle of samples, too."""
    served.process.written_down = [f.Transcribed(0, text="Turn on the light.", language="en")]
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    data = (tone * 32_767).astype("<i2").tobytes()
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        await client.write_event(Transcribe().event())
        at = 0
        for size in itertools.chain.from_iterable(itertools.repeat([*pieces, 4_000])):
            await client.write_event(AudioChunk(16_000, 2, 1, data[at : at + size]).event())
            at += size
            if at >= len(data):
                break
        await client.write_event(AudioStop().event())
        assert Transcript.from_event(await read(client)).text == "Turn on the light."
    heard = decode_pcm(served.process.of(f.Transcribe)[0].pcm)
    assert heard.size == pytest.approx(16_000, abs=200)
    assert np.abs(heard).max() == pytest.approx(0.25, abs=0.02)


async def test_a_conversation_goes_on_over_many_connections(served: Served) -> None:
    assert "391" in await ask(served.port, "What is 17 times 23?", "kitchen")
    await ask(served.port, "My name is Pedro.", "kitchen")
    assert "Pedro" in await ask(served.port, "What is my name?", "kitchen")
    assert "Pedro" not in await ask(served.port, "What is my name?", "bedroom")
    assert len(served.conversations) == 2


async def test_the_agent_of_a_port_answers_in_its_own_words(served: Served) -> None:
    lines = load_personas().loaded["glados"].lines
    answer = await ask(served.second, "What is your name?")
    assert "GLaDOS" in answer
    assert lines.openers


async def test_a_selected_program_is_who_answers(served: Served) -> None:
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        await client.write_event(Event("select-program", {"name": "HAL 9000"}))
        await client.write_event(Transcript("What is your name?").event())
        assert "HAL" in (Handled.from_event(await read(client)).text or "")


async def test_who_was_silent_longest_makes_room(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations_module, "MOST", 2)
    await ask(served.port, "My name is Pedro.", "one")
    await ask(served.port, "Hello.", "two")
    await ask(served.port, "Hello.", "three")
    assert len(served.conversations) == 2
    assert "Pedro" not in await ask(served.port, "What is my name?", "one")


def with_brain(brain: FakeBrain) -> Prepare:
    def prepare(dependencies: SessionDependencies) -> None:
        async def make_brain(notify: object) -> FakeBrain:
            return brain

        dependencies.make_brain = make_brain

    return prepare


async def test_nobody_waits_for_the_answer_of_one_who_has_hung_up() -> None:
    brain = FakeBrain([asyncio.Event()], ["Here I am."])
    async with serving(prepare=with_brain(brain)) as served:
        async with AsyncTcpClient("127.0.0.1", served.port) as client:
            question = Transcript("What do you make of it?", context={"conversation_id": "a"})
            await client.write_event(question.event())
            await until(lambda: bool(brain.questions))
        assert await ask(served.port, "Are you there, and well?", "a") == "Here I am."


async def test_nobody_waits_for_the_words_of_one_who_has_hung_up(served: Served) -> None:
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        await say_into(client)
        await until(lambda: bool(served.process.of(f.Transcribe)))
    served.process.written_down = [f.Transcribed(0, text="Turn on the light.", language="en")]
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        await say_into(client)
        assert Transcript.from_event(await read(client)).text == "Turn on the light."


async def test_why_no_conversation_can_begin_is_told_in_place_of_an_answer() -> None:
    def prepare(dependencies: SessionDependencies) -> None:
        raise BackendError("the mind is out", "call again later")

    async with (
        serving(prepare=prepare) as served,
        AsyncTcpClient("127.0.0.1", served.port) as client,
    ):
        await client.write_event(Transcript("Hello.").event())
        answer = await read(client)
        assert NotHandled.is_type(answer.type)
        assert NotHandled.from_event(answer).text == "the mind is out. call again later."
        await client.write_event(Ping().event())
        assert Pong.is_type((await read(client)).type)


async def test_nobody_is_cut_off_by_others_who_ask_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each satellite of Home Assistant has a conversation of its own."""
    monkeypatch.setattr(conversations_module, "MOST", 2)
    thought = asyncio.Event()
    brain = FakeBrain(*([thought, "Here I am."] for _ in range(4)))
    async with serving(prepare=with_brain(brain)) as served:
        rooms = ("kitchen", "bedroom", "bathroom", "cellar")
        asking = [
            asyncio.create_task(ask(served.port, "Are you there, and well?", room))
            for room in rooms
        ]
        await until(lambda: len(brain.questions) == 2)
        assert len(served.conversations) == 2
        thought.set()
        assert await asyncio.gather(*asking) == ["Here I am."] * 4
        assert len(served.conversations) == 2


async def test_a_mind_that_never_answers_is_given_up_and_the_next_question_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conversations_module, "LONGEST_ANSWER", 0.5)
    brain = FakeBrain([asyncio.Event()], ["Here I am."])
    async with serving(prepare=with_brain(brain)) as served:
        async with AsyncTcpClient("127.0.0.1", served.port) as client:
            question = Transcript("What do you make of it?", context={"conversation_id": "a"})
            await client.write_event(question.event())
            assert NotHandled.is_type((await read(client)).type)
        assert await ask(served.port, "Are you there, and well?", "a") == "Here I am."


async def test_a_conversation_that_nobody_goes_on_with_is_over(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations_module, "IDLE_SECONDS", 0.05)
    await ask(served.port, "Hello.", "kitchen")
    await until(lambda: len(served.conversations) == 0)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_none(data: bytes) -> None:
    async def run() -> None:
        reader = asyncio.StreamReader(limit=MOST_LINE)
        reader.feed_data(data)
        reader.feed_eof()
        with contextlib.suppress(ProtocolError):
            while await read_event(reader) is not None:
                pass

    asyncio.run(run())


_EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["transcribe", "audio-chunk", "synthesize-start", "ping", "info"])},
    optional={
        "data": st.none() | st.integers() | st.dictionaries(st.text(max_size=5), st.integers()),
        "data_length": st.none() | st.booleans() | st.integers(-5, 50) | st.text(max_size=3),
        "payload_length": st.none() | st.integers(-5, 50) | st.floats(allow_nan=True),
    },
)


@given(_EVENTS, st.binary(max_size=60))
def test_any_lengths_are_believed_or_refused(head: dict[str, object], rest: bytes) -> None:
    test_any_bytes_are_an_event_or_none.hypothesis.inner_test(
        json.dumps(head).encode() + b"\n" + rest
    )


async def test_nothing_of_a_conversation_is_kept(served: Served) -> None:
    from assistant.locations import transcripts_dir

    before = sorted(transcripts_dir().rglob("*")) if transcripts_dir().exists() else []
    await ask(served.port, "Remember that my parrot is called Rio.", "kitchen")
    after = sorted(transcripts_dir().rglob("*")) if transcripts_dir().exists() else []
    assert after == before


async def test_nothing_to_answer_is_not_handled(served: Served) -> None:
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        await client.write_event(Transcript("  ").event())
        assert NotHandled.is_type((await read(client)).type)


async def test_a_ping_is_answered_and_what_is_unknown_passed_over(served: Served) -> None:
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        await client.write_event(Event("of-a-newer-version", {"x": 1}))
        await client.write_event(Ping(text="there?").event())
        assert Pong.from_event(await read(client)).text == "there?"


async def test_what_fails_is_told_and_the_line_goes_dead(served: Served) -> None:
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        voice = SynthesizeVoice(name="nobody")
        await client.write_event(Synthesize(text="Hello.", voice=voice).event())
        event = await read(client)
        while not Error.is_type(event.type):
            event = await read(client)
        assert "glados" in Error.from_event(event).text
        assert await client.read_event() is None


@pytest.mark.parametrize(
    "data",
    [
        b"garbage\n",
        b"[1]\n",
        b'{"type": 5}\n',
        b"a" * 100_000,
        b"[" * 60_000 + b"\n",
        b'{"type": "audio-chunk", "payload_length": 99999999999}\n',
        b'{"type": "describe", "data_length": -1}\n',
        b'{"type": "describe", "data_length": "many"}\n',
        b'{"type": "synthesize", "data": {"text": 5}}\n',
        b'{"type": "synthesize", "data": {"text": "' + b"a" * 5_000 + b'"}}\n',
        b'{"type": "transcript", "data": {}}\n',
        b'{"type": "audio-chunk", "data": {"rate": 0, "width": 2, "channels": 1}}\n',
        b'{"type": "audio-chunk", "data": {"rate": 16000, "width": 3, "channels": 1}}\n',
        b'{"type": "audio-chunk", "data": {"rate": 16000, "width": 2, "channels": -1}}\n',
        b'{"type": "audio-chunk", "data": {"rate": true, "width": 2, "channels": 1}}\n',
    ],
)
async def test_what_is_no_wyoming_is_told_and_hung_up_on(served: Served, data: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(data)
    async with asyncio.timeout(10):
        answer = await reader.read()
    assert b'"type": "error"' in answer
    assert b"Traceback" not in answer
    writer.close()
    assert await ask(served.port, "Hello.")


async def test_more_sound_than_anybody_says_is_refused(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.serving.wyoming.client.MOST_SECONDS", 1.0)
    async with AsyncTcpClient("127.0.0.1", served.port) as client:
        chunk = AudioChunk(16_000, 2, 1, bytes(32_000 * 2))
        await client.write_event(chunk.event())
        assert "1 seconds" in Error.from_event(await read(client)).text


async def test_who_hangs_up_in_the_middle_leaves_nothing_behind(served: Served) -> None:
    served.process.voice = False
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b'{"type": "synthesize-start"}\n')
    writer.write(b'{"type": "synthesize-chunk", "data": {"text": "One. Two. Three. "}}\n')
    await until(lambda: bool(served.process.of(f.Say)))
    writer.close()
    await until(lambda: bool(served.process.of(f.Interrupt)))
    served.process.voice = True
    assert await ask(served.port, "Hello.")


async def test_hundreds_who_say_nothing_keep_nobody_out() -> None:
    async with serving(Limits(total=40, each=20)) as served:
        calls = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(100)]
        assert await ask(served.port, "Hello.")
        for _, writer in calls:
            writer.close()


@pytest.mark.parametrize(
    ("host", "enters"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.1.5", True),
        ("::ffff:192.168.1.5", True),
        ("192.168.1.6", False),
        ("172.17.3.4", True),
        ("fd00::4%eth0", True),
        ("10.0.0.1", False),
        ("kitchen", False),
    ],
)
def test_other_machines_come_in_only_where_they_are_allowed(host: str, enters: bool) -> None:
    allowed = [ipaddress.ip_network(each) for each in ("192.168.1.5", "172.17.0.0/16", "fd00::/64")]
    assert may_enter(host, allowed, anybody=False) is enters
    assert may_enter(host, (), anybody=True) is True


async def test_a_stranger_is_hung_up_on_and_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.serving.wyoming.server.may_enter", lambda *a, **k: False)
    refused: list[str] = []
    async with serving(on_refused=refused.append) as served:
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            async with asyncio.timeout(10):
                assert await reader.read() == b""
            writer.close()
    assert refused == ["127.0.0.1"]
