"""Voice connection: discord.py's, which sends, and what it lacks: receiving.

Voice comes in RTP packets that are sealed twice. Of each: open the transport's seal (`rtp`), find
whose it is, open the end-to-end seal (DAVE), hand it on: all on the thread of discord.py's socket
reader.

Of the voice gateway's messages two are read here: who speaks by which source (opcode 5), and who
has left (opcode 13).
"""

from __future__ import annotations

import asyncio
import logging
import select
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import davey
import discord
from discord.voice_state import ConnectionFlowState, SocketReader, VoiceConnectionState

from assistant.discord.problems import FATAL_VOICE_CODES, VoiceRefused
from assistant.discord.rtp import MODE, SILENCE, Packet, PacketOpener

_SPEAKING = 5
_RESUMED = 9
_CLIENT_DISCONNECT = 13
_RESUME_LIMIT = 5.0
"""Seconds that it may take to resume."""
_WAKE, _PAUSE = 0.25, 0.02
"""Seconds."""
_DATAGRAM = 2048
_STRANGERS = 8
"""Sources that nobody is known to speak by, of which something is kept."""
_EARLY = 25
"""Packets of each: half a second, by which a voice may come before its name."""


Joinable: TypeAlias = discord.VoiceChannel | discord.StageChannel
"""What the bot can be in."""

log = logging.getLogger(__name__)


class _Reader(SocketReader):  # type: ignore[misc]
    """Notices within `_WAKE` that its socket was closed, and reads from the next one. discord.py's
    waits for half a minute, in which no new connection can find out its address."""

    def _do_run(self) -> None:
        while not self._end.is_set():
            if not self._running.wait(_WAKE):
                continue
            try:
                if not select.select([self.state.socket], [], [], _WAKE)[0]:
                    continue
                data = self.state.socket.recv(_DATAGRAM)
            except (OSError, ValueError, TypeError, AttributeError):
                self._end.wait(_PAUSE)  # closed, or not there yet
                continue
            for callback in list(self._callbacks):
                try:
                    callback(data)
                except Exception:
                    log.exception("a voice packet")


class _State(VoiceConnectionState):  # type: ignore[misc]
    """Does not try again where that is of no use, and resumes at the place where it was."""

    resumed: asyncio.Event
    ws: Any

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._socket_reader.stop()
        self._socket_reader: SocketReader = _Reader(self)
        self._socket_reader.start()

    async def _inner_connect(
        self, reconnect: bool, self_deaf: bool, self_mute: bool, resume: bool
    ) -> None:
        if resume:
            try:
                async with asyncio.timeout(_RESUME_LIMIT):
                    await self._resume()
                return
            except (discord.ConnectionClosed, OSError, TimeoutError) as error:
                log.info("the voice connection could not be resumed: %s", error)
                await self.disconnect(cleanup=False)
        await super()._inner_connect(reconnect, self_deaf, self_mute, False)

    async def _resume(self) -> None:
        """Source, key and UDP connection stay (Discord's documentation, Voice Connections, section
        Resuming Voice Connection); discord.py would ask the gateway for another server first, which
        has none to offer."""
        self.resumed = asyncio.Event()
        await self.ws.close()  # its heartbeat would go on
        self.ws = await self._connect_websocket(True)
        self.ws.secret_key = self.secret_key
        while not self.resumed.is_set():
            await self.ws.poll_event()
        self.state = ConnectionFlowState.connected

    async def _handshake_websocket(self) -> None:
        try:
            await super()._handshake_websocket()
        except discord.ConnectionClosed as error:
            if error.code in FATAL_VOICE_CODES:
                raise VoiceRefused(error.code) from error
            raise

    @property
    def runner(self) -> asyncio.Task[None] | None:
        """What reads the voice gateway, and connects anew."""
        runner: asyncio.Task[None] | None = self._runner
        return runner


class Voice(discord.VoiceClient):  # type: ignore[misc]
    """One connection to a voice channel; a `Line` of the audio clock."""

    supported_modes = (MODE,)

    def __init__(self, client: discord.Client, channel: Joinable) -> None:
        super().__init__(client, channel)
        self.on_packet: Callable[[int, Packet], None] = lambda user, packet: None
        """Told of each opened packet and the id of whose it is."""
        self.on_gone: Callable[[], None] = lambda: None
        """Told in the event loop, once, when the connection is over for good."""
        self.sent_away = False
        """Somebody has disconnected us: we do not come back by ourselves."""
        self._gone = False
        self.undecryptable = 0
        """Packets whose end-to-end seal could not be opened."""
        self._users: dict[int, int] = {}
        """Source → user id."""
        self._early: dict[int, deque[Packet]] = {}
        self._opener: PacketOpener | None = None
        self._key: bytes = b""

    # -- discord.py's hooks ------------------------------------------------------------------------

    def create_connection_state(self) -> VoiceConnectionState:
        return _State(self, hook=self._told)

    async def connect(self, **options: Any) -> None:
        await super().connect(**options)
        self._connection.add_socket_listener(self._received)

    @property
    def has_stopped(self) -> bool:
        """It seems to be there, and nothing comes any more: it is to be made anew."""
        runner = self._connection.runner
        return not self._gone and runner is not None and runner.done()

    @property
    def problem(self) -> BaseException | None:
        """Why it has stopped, where that is known."""
        runner: asyncio.Task[None] | None = self._connection.runner
        if runner is None or not runner.done() or runner.cancelled():
            return None
        return runner.exception()

    @property
    def may_come_back(self) -> bool:
        """Whether it is of use to connect again."""
        return not isinstance(self.problem, VoiceRefused)

    async def on_voice_state_update(self, data: Any) -> None:
        """What we did ourselves, discord.py's state has been told of before."""
        asked_for = self._connection._expecting_disconnect or not self.is_connected()
        self.sent_away |= data["channel_id"] is None and not asked_for
        await super().on_voice_state_update(data)

    def cleanup(self) -> None:
        super().cleanup()
        if not self._gone:
            self._gone = True
            self.on_gone()

    async def _told(self, socket: object, message: dict[str, Any]) -> None:
        data = message.get("d") or {}
        if message["op"] == _RESUMED:
            self._connection.resumed.set()
        elif message["op"] == _SPEAKING and "user_id" in data:
            self._learn(int(data["ssrc"]), int(data["user_id"]))
        elif message["op"] == _CLIENT_DISCONNECT:
            left = int(data["user_id"])
            self._users = {ssrc: user for ssrc, user in self._users.items() if user != left}

    def _learn(self, ssrc: int, user: int) -> None:
        """Who speaks by this source; a user has one, and what came of it before is heard now."""
        self._users = {s: u for s, u in self._users.items() if u != user} | {ssrc: user}
        for packet in self._early.pop(ssrc, ()):
            self._hand_on(user, packet)

    # -- hearing (the socket reader's thread) ------------------------------------------------------

    def _received(self, data: bytes) -> None:
        opener = self._current_opener()
        packet = opener.open(data) if opener is not None else None
        if packet is None:
            return
        user = self._users.get(packet.ssrc)
        if user is None:
            self._keep_early(packet)
        else:
            self._hand_on(user, packet)

    @property
    def garbage(self) -> int:
        """Packets that were not sealed with the key of this connection."""
        return self._opener.garbage if self._opener is not None else 0

    def _current_opener(self) -> PacketOpener | None:
        """A new key comes with each connection."""
        if self.secret_key is discord.utils.MISSING:
            return None
        key = bytes(self.secret_key)
        if key != self._key:
            self._key, self._opener = key, PacketOpener(key)
            self._early.clear()
        return self._opener

    def _keep_early(self, packet: Packet) -> None:
        kept = self._early.get(packet.ssrc)
        if kept is None:
            if len(self._early) >= _STRANGERS:
                self._early.pop(next(iter(self._early)), None)
            kept = self._early.setdefault(packet.ssrc, deque(maxlen=_EARLY))
        kept.append(packet)

    def _hand_on(self, user: int, packet: Packet) -> None:
        opus = self._decrypted(user, packet.payload)
        if opus is not None:
            self.on_packet(user, replace(packet, payload=opus))

    def _decrypted(self, user: int, payload: bytes) -> bytes | None:
        """Without the end-to-end seal; None where it is not for us, or there should be one."""
        session = self._connection.dave_session
        if payload == SILENCE or session is None or self._connection.dave_protocol_version == 0:
            return payload
        try:
            return bytes(session.decrypt(user, davey.MediaType.audio, payload))
        except (ValueError, RuntimeError):
            # A stranger, garbage, or the keys of an epoch that is over or has not begun.
            self.undecryptable += 1
            return None

    # -- `Line`: speaking (the audio clock's thread) -----------------------------------------------

    @property
    def name(self) -> str:
        return str(self.channel.name)

    def send_opus(self, packet: bytes) -> None:
        if not self.is_connected() or not self._sealed():
            return
        try:
            self.send_audio_packet(packet, encode=False)
        except Exception as error:  # of discord.py, davey or the socket: 20 ms are lost
            log.debug("a packet could not be sent: %s", error)

    def _sealed(self) -> bool:
        """Nothing is sent without the end-to-end seal where there should be one: nobody could hear
        it, and the server could."""
        return bool(self._connection.dave_protocol_version == 0 or self._connection.can_encrypt)

    def speaking(self, now: bool) -> None:
        state = discord.SpeakingState.voice if now else discord.SpeakingState.none

        async def tell() -> None:
            try:
                await self.ws.speak(state)
            except Exception as error:  # the connection is being made anew
                log.debug("the speaking state could not be told: %s", error)

        work = tell()
        try:
            asyncio.run_coroutine_threadsafe(work, self.loop)
        except RuntimeError:
            work.close()
