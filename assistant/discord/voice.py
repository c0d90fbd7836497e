"""Voice connection: discord.py's, which sends, and what it lacks: receiving.

Of the voice gateway's messages two are read here: who speaks by which source (opcode 5), and who
has left (opcode 13). A packet goes: transport's seal (`packets`) → whose is it → end-to-end seal
(DAVE) → `on_packet`, on the thread of discord.py's socket reader.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import davey
import discord
from discord.voice_state import VoiceConnectionState

from assistant.discord.packets import MODE, SILENCE, Packet, PacketOpener

_SPEAKING = 5
_CLIENT_DISCONNECT = 13
_STRANGERS = 8
"""Sources that nobody is known to speak by, of which something is kept."""
_EARLY = 25
"""Packets of each: half a second, by which a voice may come before its name."""

log = logging.getLogger(__name__)


class Voice(discord.VoiceClient):  # type: ignore[misc]
    """One connection to a voice channel; a `Line` of the audio clock."""

    supported_modes = (MODE,)

    def __init__(self, client: discord.Client, channel: discord.VoiceChannel) -> None:
        super().__init__(client, channel)
        self.on_packet: Callable[[int, Packet], None] = lambda user, packet: None
        """Told of each opened packet and the id of whose it is."""
        self.undecryptable = 0
        """Packets whose end-to-end seal could not be opened."""
        self._users: dict[int, int] = {}
        """Source → user id."""
        self._early: dict[int, deque[Packet]] = {}
        self._opener: PacketOpener | None = None
        self._key: bytes = b""

    # -- discord.py's hooks ------------------------------------------------------------------------

    def create_connection_state(self) -> VoiceConnectionState:
        return VoiceConnectionState(self, hook=self._told)

    async def connect(self, **options: Any) -> None:
        await super().connect(**options)
        self._connection.add_socket_listener(self._received)

    async def _told(self, socket: object, message: dict[str, Any]) -> None:
        data = message.get("d") or {}
        if message["op"] == _SPEAKING and "user_id" in data:
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
                return
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
        return self._connection.dave_protocol_version == 0 or self._connection.can_encrypt

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
