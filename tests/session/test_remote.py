"""A front end in another process follows and drives a session; a bad one harms nobody."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.memory.service import MemoryService
from assistant.session import remote
from assistant.session.events import (
    AgentSaid,
    AudioChanged,
    BackendChosen,
    BrainChosen,
    Notice,
    PersonaChanged,
    SessionEvent,
    StateChanged,
    ToolFinished,
    UserSaid,
)
from assistant.session.frontend import SessionFrontend
from assistant.session.past_conversations import PastConversations
from assistant.session.protocol import (
    AnswerConfirm,
    AskBrains,
    AskConversations,
    AskDevices,
    AskMemory,
    BrainsFound,
    CommandRefused,
    ConfirmAsked,
    ConfirmWithdrawn,
    ConversationRead,
    ConversationsFound,
    ConversationTakenOver,
    DevicesFound,
    ForgetMemories,
    ForgetPreview,
    FrontendCommand,
    Goodbye,
    Hello,
    Levels,
    MemoriesForgotten,
    MemoryFound,
    PressTalkKey,
    ReadConversation,
    Replay,
    RequestFailed,
    ResumeConversation,
    SendText,
    SetMuted,
    SetVolume,
    SwitchBrain,
    SwitchPersona,
    Welcome,
    decode_message,
    encode,
)
from tests.fakes import BUTLER, CORE, READY, FakeBrain, FakeSession, until
from tests.session.calls.test_spoken_consent import NATIVE, enter, parrot
from tests.session.room import Room
from tests.session.socket_frontend import SocketFrontend
from tests.session.test_past_conversations import FRIDAY, saved


@asynccontextmanager
async def served(session: SessionFrontend, path: Path) -> AsyncIterator[list[str]]:
    """Gives the reasons for which connections have ended."""
    reasons: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        reasons.append(await remote.serve_stream(session, reader, writer))

    server = await asyncio.start_unix_server(serve, path, limit=remote.MAX_COMMAND)
    try:
        yield reasons
    finally:
        server.close()


@pytest.fixture
def socket(tmp_path: Path) -> Path:
    return tmp_path / "socket"


async def test_it_follows_and_drives_a_whole_conversation(tmp_path: Path, socket: Path) -> None:
    """A real session, a real socket, nothing but the protocol between them."""
    store = parrot()
    brain = FakeBrain(["Hello, ", "Ada."], [NATIVE], ["Gone."])
    room = await enter(tmp_path / "said", store, brain)
    room.backend.come_up()
    async with served(room.session, socket) as reasons:
        frontend = await SocketFrontend.connect(socket)
        welcome = await frontend.until(Welcome)
        assert (welcome.version, welcome.persona.slug) == (1, "jarvis")
        assert "hal" in [each.slug for each in welcome.personas]
        await frontend.until(BackendChosen, ready=True)
        before = len(room.events)

        await frontend.ask(SendText("Hello there."))
        await frontend.until(UserSaid, text="Hello there.", typed=True)
        assert (await frontend.until(AgentSaid, final=True)).played == "Hello, Ada."

        await frontend.ask(SendText("Tidy up a little."))
        question = await frontend.until(ConfirmAsked)
        assert question.call.name == "forget"
        await frontend.ask(AnswerConfirm(question.id, allowed=True))
        assert (await frontend.until(ToolFinished)).result.ok
        await frontend.until(AgentSaid, final=True)

        await frontend.ask(SwitchPersona("hal"))
        assert (await frontend.until(PersonaChanged)).persona.slug == "hal"
        assert (await frontend.quit()).reason == "the conversation is over"
        await until(lambda: reasons != [])
    happened = room.events[before:]
    followed = [each for each in frontend.seen if isinstance(each, SessionEvent)]
    assert followed[-len(happened) :] == happened
    assert store.memories() == []


async def test_events_come_in_their_order(socket: Path) -> None:
    session = FakeSession()
    async with served(session, socket):
        frontend = await SocketFrontend.connect(socket)
        await frontend.until(AudioChanged)
        session.emit(*READY)
        await frontend.until(type(READY[-1]))
        assert frontend.seen[-len(READY) :] == READY
        frontend.close()


async def test_who_comes_late_is_told_how_things_stand(tmp_path: Path, socket: Path) -> None:
    room = await Room(tmp_path / "said").enter()
    room.session.set_muted(True)
    async with served(room.session, socket):
        frontend = await SocketFrontend.connect(socket)
        assert (await frontend.until(AudioChanged)).muted
        frontend.close()
    await room.leave()


async def test_devices_are_told_when_they_are_asked_for(socket: Path) -> None:
    session = FakeSession()
    async with served(session, socket):
        frontend = await SocketFrontend.connect(socket)
        await frontend.ask(AskDevices())
        assert (await frontend.until(DevicesFound)).devices == session.choices
        frontend.close()


async def test_who_could_answer_is_told_and_changed_from_elsewhere(socket: Path) -> None:
    session = FakeSession()
    async with served(session, socket):
        frontend = await SocketFrontend.connect(socket)
        await frontend.ask(AskBrains())
        assert (await frontend.until(BrainsFound)).brains == session.answerers
        await frontend.ask(SwitchBrain("ollama/llama3"))
        await frontend.until(BrainChosen, label="llama3 · Ollama")
        frontend.close()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (encode(SwitchPersona("nobody")), "nobody"),
        (b'{"type": "Sing"}', "Sing"),
        (b"rubbish", "no json message"),
        (encode(SetMuted(True)), "it could not be done: no microphone"),
    ],
)
async def test_what_cannot_be_done_is_refused_and_the_connection_goes_on(
    socket: Path, asked: bytes, words: str
) -> None:
    session = FakeSession()
    session.failing["set_muted"] = RuntimeError("no microphone")
    async with served(session, socket) as reasons:
        frontend = await SocketFrontend.connect(socket)
        frontend._writer.write(asked + b"\n")
        refused = await frontend.until(CommandRefused)
        assert words in refused.text
        assert refused.remedy
        await frontend.ask(SetVolume(0.25))
        await frontend.until(AudioChanged, volume=0.25)
        assert reasons == []
        frontend.close()


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (encode(Hello(99)), "not 99"),
        (encode(SendText("hello")), "the first message has to be Hello"),
        (b"GET / HTTP/1.1", "no json message"),
        (b"x" * 200_000, "a line is too long"),
    ],
)
async def test_who_speaks_something_else_is_told_so_and_sent_away(
    socket: Path, first: bytes, words: str
) -> None:
    session = FakeSession()
    async with served(session, socket) as reasons:
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(first + b"\n")
        goodbye = decode_message(await reader.readline())
        assert isinstance(goodbye, Goodbye)
        assert words in goodbye.reason
        assert goodbye.remedy
        assert await reader.read() == b""
        writer.close()
        await until(lambda: reasons != [])
    assert session.calls == []


async def test_who_says_nothing_is_sent_away(socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "HELLO_WITHIN", 0.05)
    async with served(FakeSession(), socket):
        reader, writer = await asyncio.open_unix_connection(socket)
        assert b"no Hello" in await reader.readline()
        writer.close()


# -- questions -------------------------------------------------------------------------------------


async def test_who_leaves_without_an_answer_has_said_no(socket: Path) -> None:
    session = FakeSession()
    async with served(session, socket) as reasons:
        frontend = await SocketFrontend.connect(socket)
        await frontend.until(Welcome)
        asking = asyncio.create_task(session.askers.ask(NATIVE))
        await frontend.until(ConfirmAsked)
        frontend.close()
        assert await asyncio.wait_for(asking, 5) is False
        await until(lambda: reasons != [])
    assert not session.askers


async def test_a_question_that_is_void_is_withdrawn(socket: Path) -> None:
    session = FakeSession()
    async with served(session, socket):
        frontend = await SocketFrontend.connect(socket)
        await frontend.until(Welcome)
        asking = asyncio.create_task(session.askers.ask(NATIVE))
        question = await frontend.until(ConfirmAsked)
        asking.cancel()
        assert (await frontend.until(ConfirmWithdrawn)).id == question.id
        await frontend.ask(AnswerConfirm(question.id, allowed=True))  # too late, and no error
        frontend.close()


async def test_of_several_front_ends_the_first_answer_counts(socket: Path) -> None:
    session = FakeSession()
    async with served(session, socket):
        first = await SocketFrontend.connect(socket)
        await first.until(Welcome)
        second = await SocketFrontend.connect(socket)
        await second.until(Welcome)
        asking = asyncio.create_task(session.askers.ask(NATIVE))
        question = await first.until(ConfirmAsked)
        other = await second.until(ConfirmAsked)
        await second.ask(AnswerConfirm(other.id, allowed=True))
        assert await asking is True
        assert (await first.until(ConfirmWithdrawn)).id == question.id
        first.close()
        second.close()


async def test_who_comes_while_a_question_is_open_is_asked_too(socket: Path) -> None:
    session = FakeSession()
    async with served(session, socket):
        first = await SocketFrontend.connect(socket)
        await first.until(Welcome)
        asking = asyncio.create_task(session.askers.ask(NATIVE))
        await first.until(ConfirmAsked)
        second = await SocketFrontend.connect(socket)
        question = await second.until(ConfirmAsked)
        first.close()
        await second.ask(AnswerConfirm(question.id, allowed=True))
        assert await asking is True, "who leaves has not answered for the others"
        second.close()


# -- what was said before, levels, memory ----------------------------------------------------------


async def test_who_comes_later_is_told_what_was_said_so_far(socket: Path) -> None:
    session = FakeSession()
    session.said = [
        UserSaid(turn=1, text="What time is it?", final=True),
        AgentSaid(turn=2, persona="jarvis", text="Ten past"),
    ]
    async with served(session, socket):
        frontend = await SocketFrontend.connect(socket, Hello(1, replay=True))
        await frontend.until(Welcome)
        assert (await frontend.until(Replay)).events == session.said
        session.emit(AgentSaid(turn=2, persona="jarvis", text=" four.", final=True))
        assert (await frontend.until(AgentSaid)).text == " four."
        frontend.close()


async def test_levels_are_told_to_who_wants_them(socket: Path) -> None:
    session = FakeSession()
    async with served(session, socket):
        frontend = await SocketFrontend.connect(socket, Hello(1, levels=True))
        await frontend.until(Welcome)
        session.input_levels.push(np.full(480, 0.7, np.float32))
        session.input_levels.push(np.zeros(480, np.float32))
        levels = await frontend.until(Levels)
        assert len(levels.input) == 2
        assert levels.input[0] > 0.9 > levels.input[1] == 0.0, "the newest last"
        frontend.close()


async def test_memories_are_shown_and_forgotten_once_that_is_sure(socket: Path) -> None:
    session = FakeSession()
    session.memory = MemoryService(parrot())
    async with served(session, socket):
        frontend = await SocketFrontend.connect(socket)
        await frontend.ask(AskMemory(1))
        found = await frontend.until(MemoryFound)
        id = found.memories[0].id
        await frontend.ask(ForgetMemories(2, [id]))
        preview = (await frontend.until(ForgetPreview)).preview
        assert preview.memories[0].text == found.memories[0].text
        await frontend.ask(ForgetMemories(3, [id], sure=True))
        assert (await frontend.until(MemoriesForgotten)).id == 3
        await frontend.ask(AskMemory(4))
        assert id not in [each.id for each in (await frontend.until(MemoryFound)).memories]
        frontend.close()


async def test_earlier_conversations_are_listed_read_and_gone_on_with(
    socket: Path, tmp_path: Path
) -> None:
    session = FakeSession()
    id = saved(tmp_path, FRIDAY, ("You", "Do owls sleep? " * 40), ("GLaDOS", "By day."))
    session.past = PastConversations(tmp_path)
    async with served(session, socket):
        frontend = await SocketFrontend.connect(socket)
        await frontend.ask(AskConversations(1, "OWLS day"))
        (listed,) = (await frontend.until(ConversationsFound)).conversations
        assert (listed.conversation, listed.turns, listed.names) == (id, 2, ["GLaDOS"])
        assert listed.began == "Friday 17 July 2026, 09:41"
        assert len(listed.first) < 210
        await frontend.ask(AskConversations(2, "penguins"))
        assert not (await frontend.until(ConversationsFound)).conversations
        await frontend.ask(ReadConversation(3, id))
        read = await frontend.until(ConversationRead)
        assert [each.name for each in read.turns] == ["You", "GLaDOS"]
        assert read.before == 0
        await frontend.ask(ResumeConversation(4, id))
        assert (await frontend.until(ConversationTakenOver)).id == 4
        assert session.calls == [("resume", id)]
        for asked in (ReadConversation(5, "../secrets"), ResumeConversation(6, "../secrets")):
            await frontend.ask(asked)
            failed = await frontend.until(RequestFailed)
            assert (failed.id, failed.remedy) == (asked.id, "Choose another one.")
        frontend.close()


async def test_the_longest_conversation_there_can_be_harms_no_front_end(
    socket: Path, tmp_path: Path
) -> None:
    session = FakeSession()
    id = saved(tmp_path, FRIDAY, *(("You", "🦉" * 3_000) for _ in range(600)))
    session.past = PastConversations(tmp_path)
    async with served(session, socket):
        frontend = await SocketFrontend.connect(socket)
        await frontend.ask(ReadConversation(1, id))
        read = await frontend.until(ConversationRead)
        assert len(read.turns) + read.before == 600
        assert read.turns
        await frontend.ask(AskConversations(2))
        assert (await frontend.until(ConversationsFound)).conversations[0].turns == 600
        frontend.close()


# -- one that does not read ------------------------------------------------------------------------


class Stuck:
    """A front end that says hello and then reads one message, or none, or all of them at last."""

    def __init__(self) -> None:
        self.reads = asyncio.Event()
        self.got: list[Any] = []
        self.said: asyncio.Queue[bytes] = asyncio.Queue()
        self.ask(Hello(1))

    def ask(self, command: FrontendCommand) -> None:
        self.said.put_nowait(encode(command))

    async def send(self, data: bytes) -> None:
        await self.reads.wait()
        self.got.append(decode_message(data))


async def test_of_states_a_slow_front_end_gets_the_newest_and_of_words_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote, "MAX_WAITING", 20_000)
    session, stuck = FakeSession(personas=[BUTLER, CORE]), Stuck()
    serving = asyncio.create_task(remote.serve_session(session, stuck.said.get, stuck.send))
    await until(lambda: session._listeners != [])
    for number in range(1_000):
        session.emit(StateChanged(state="thinking", t=float(number)))
        if number % 100 == 0:
            session.emit(Notice(text=str(number)))
        session.emit(UserSaid(turn=2, text=f"word {number}", final=False))
    stuck.reads.set()
    await until(lambda: any(isinstance(m, UserSaid) and m.text == "word 999" for m in stuck.got))
    assert [m.text for m in stuck.got if isinstance(m, Notice)] == [
        str(number) for number in range(0, 1_000, 100)
    ]
    assert len(stuck.got) < 500
    assert [m.t for m in stuck.got if isinstance(m, StateChanged)][-1] == 999
    serving.cancel()


async def test_one_that_reads_nothing_is_dropped_with_a_reason_and_nobody_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remote, "MAX_WAITING", 20_000)
    session, stuck = FakeSession(), Stuck()
    serving = asyncio.create_task(remote.serve_session(session, stuck.said.get, stuck.send))
    await until(lambda: session._listeners != [])
    for _ in range(2_000):
        session.emit(AgentSaid(turn=1, persona="butler", text="word " * 20))
    stuck.reads.set()
    reason = await asyncio.wait_for(serving, 5)
    assert reason == "too much waits to be read"
    assert isinstance(stuck.got[-1], Goodbye)
    assert stuck.got[-1].remedy
    assert len(stuck.got) < 200
    assert session._listeners == []


async def test_a_socket_whose_other_end_sleeps_is_let_go(
    socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "GOODBYE_WITHIN", 0.1)
    session = FakeSession()
    async with served(session, socket) as reasons:
        frontend = await SocketFrontend.connect(socket)
        await frontend.until(AudioChanged)
        await frontend.ask(PressTalkKey(True))
        await until(lambda: ("talk_key", True) in session.calls)
        for _ in range(60):
            session.emit(AgentSaid(turn=1, persona="butler", text="word " * 20_000))
            await asyncio.sleep(0)
        await until(lambda: reasons == ["too much waits to be read"])
        frontend.close()


def test_messages_are_json_for_whoever_has_no_python() -> None:
    assert json.loads(encode(SendText("what time is it"))) == {
        "type": "SendText",
        "text": "what time is it",
    }
