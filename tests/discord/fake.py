"""Discord on this machine: REST, gateway, voice gateway and UDP, for one guild.

The real library talks to it over TLS, and the voices in it are sealed by the real DAVE. Tests move
people (`join`, `leave`, `say`), use commands (`command`), and break things (`close_voice`,
`close_gateway`, `move_bot`, `kick_bot`).
"""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import ssl
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import davey
import discord
import nacl.secret
import numpy as np
from aiohttp import WSMsgType, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.discord.mls import ExternalSender

TOKEN = "MTIz.fake.token"
GUILD, LOUNGE, DEN, TEXT, STAGE = 100, 201, 202, 203, 204
BOT = 900
MODE = "aead_xchacha20_poly1305_rtpsize"
SILENCE = b"\xf8\xff\xfe"
_APPEND, _REVOKE = 0, 1
_EVERYTHING = str((1 << 53) - 1)


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@dataclass
class Person:
    """Somebody in the guild, with his own end of DAVE."""

    id: int
    name: str
    ssrc: int
    channel: int | None = None
    session: davey.DaveSession | None = None
    sequence: int = 65_500  # it wraps soon
    timestamp: int = 4_294_960_000
    encoder: discord.opus.Encoder | None = None
    roles: list[str] = field(default_factory=list)
    nick: str | None = None
    suppress: bool = False
    """On a stage: may only listen."""

    def payload(self) -> dict[str, Any]:
        return {
            "id": str(self.id), "username": self.name.lower(), "global_name": self.name,
            "discriminator": "0", "avatar": None, "bot": self.id == BOT,
        }  # fmt: skip

    def member(self) -> dict[str, Any]:
        return {
            "user": self.payload(), "nick": self.nick, "roles": self.roles, "flags": 0,
            "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False,
        }  # fmt: skip

    def state(self) -> dict[str, Any]:
        return {
            "guild_id": str(GUILD), "channel_id": str(self.channel) if self.channel else None,
            "user_id": str(self.id), "member": self.member(), "session_id": f"s{self.id}",
            "deaf": False, "mute": False, "self_deaf": False, "self_mute": False,
            "self_video": False, "suppress": self.suppress, "request_to_speak_timestamp": None,
        }  # fmt: skip


class Group:
    """The MLS group of a voice channel, as its server keeps it: who is in it and in which epoch.
    The first person who has a session commits; the bot follows."""

    def __init__(self, fake: FakeDiscord) -> None:
        self.fake = fake
        self.begin()

    def begin(self) -> None:
        self.sender = ExternalSender(self.fake.bot.channel or LOUNGE)
        self.epoch = 0
        self.leaves: list[int | None] = []
        self.bot_package: bytes | None = None
        self.transition = 0

    def session(self, person: Person) -> davey.DaveSession:
        channel = self.fake.bot.channel or LOUNGE
        person.session = davey.DaveSession(1, person.id, channel)
        person.session.set_external_sender(self.sender.package())
        return person.session

    async def bot_came(self, package: bytes) -> None:
        """With a new key package: to be added, or added anew."""
        self.bot_package = package
        if BOT in self.leaves:
            await self.remove(BOT)
        await self.settle()

    async def settle(self) -> None:
        """Everybody who is in the channel and not in the group is added."""
        for person in self.fake.inside():
            if person.session is None:
                package = self.session(person).get_serialized_key_package()
                await self._add(person.id, package)
        if self.bot_package is not None and BOT not in self.leaves and self.leaves:
            package, self.bot_package = self.bot_package, None
            await self._add(BOT, package)

    async def remove(self, user: int) -> None:
        if user not in self.leaves:
            return
        leaf = self.leaves.index(user)
        others = [p for p in self._members() if p.id != user]
        self.leaves[leaf] = None
        if not others:
            self.begin()
            if self.fake.bot.channel is not None and self.fake.voice is not None:
                await self.fake.new_epoch()
            return
        proposals = self.sender.remove(self.epoch, leaf)
        await self._commit(others, proposals, None, to_bot=user != BOT)

    async def _add(self, user: int, package: bytes) -> None:
        if not self.leaves:
            self.leaves = [user]  # alone: of his own group
            return
        members = self._members()
        proposals = self.sender.add(self.epoch, package)
        had_bot = BOT in self.leaves
        free = self.leaves.index(None) if None in self.leaves else len(self.leaves)
        self.leaves[free : free + 1] = [user]
        await self._commit(members, proposals, user, to_bot=had_bot)

    def _members(self) -> list[Person]:
        people = [self.fake.people[u] for u in self.leaves if u is not None and u != BOT]
        return [p for p in people if p.session is not None]

    async def _commit(
        self, members: list[Person], proposals: bytes, added: int | None, *, to_bot: bool
    ) -> None:
        append = davey.ProposalsOperationType.append
        made = [p.session.process_proposals(append, proposals) for p in members if p.session]
        first = made[0]
        assert isinstance(first, davey.CommitWelcome)
        if to_bot:
            await self.fake.voice_binary(27, bytes([_APPEND]) + proposals)
        for person in members:
            assert person.session is not None
            person.session.process_commit(first.commit)
        self.epoch += 1
        transition = struct.pack(">H", self.transition)
        if to_bot:
            await self.fake.voice_binary(29, transition + first.commit)
        if added is not None and first.welcome is not None:
            if added == BOT:
                await self.fake.voice_binary(30, transition + first.welcome)
            else:
                session = self.fake.people[added].session
                assert session is not None
                session.process_welcome(first.welcome)
        self.transition = self.transition % 60_000 + 1


class FakeDiscord:
    """`async with FakeDiscord(folder) as fake`."""

    def __init__(self, folder: Path) -> None:
        self.people = {
            1: Person(1, "Ada", 11), 2: Person(2, "Ben", 12), 3: Person(3, "Cleo", 13),
        }  # fmt: skip
        self.bot = Person(BOT, "Assistant", 77)
        self.permissions = _EVERYTHING
        self.is_invited = True
        self.identify_code: int | None = None
        """Close code with which a login is refused."""
        self.written: list[tuple[int, str]] = []
        """Channel and text of what the bot wrote."""
        self.edits: list[dict[str, Any]] = []
        """What it changed of itself."""
        self.commands: list[dict[str, Any]] = []
        self.answers: list[str] = []
        """What it answered to commands."""
        self.heard: list[bytes] = []
        """Opus packets of the bot's, opened by the first person in the channel."""
        self.unopened = 0
        self.requests: list[str] = []
        self.failing: list[int] = []
        """Statuses with which the next texts of the bot's are refused."""
        self.mentions: list[Any] = []
        """Who may be called by each text."""
        self.stage_moderator = False
        """The bot may decide itself that it speaks on a stage."""
        self.stage_requests: list[str] | None = []
        """When it asked to speak; None: it may not ask."""
        self._later: list[asyncio.Future[None]] = []
        self.identified = 0
        self.resumed = 0
        self.voice_identified = 0
        self.voice_resumed = 0
        self.voice_states: list[int | None] = []
        self.voice: web.WebSocketResponse | None = None
        self.gateway: web.WebSocketResponse | None = None
        self.group = Group(self)
        self._folder = folder
        self._key = os.urandom(32)
        self._bot_address: tuple[str, int] | None = None
        self._voice_seq = 0
        self._gateway_seq = 0
        self._interaction = 5000
        self._nonce = 0
        self._runner: web.AppRunner | None = None
        self._udp: asyncio.DatagramTransport | None = None
        self.port = 0
        self.udp_port = 0

    async def __aenter__(self) -> FakeDiscord:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._any)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, "127.0.0.1", 0, ssl_context=certificate(self._folder)
        )  # fmt: skip
        await site.start()
        self.port = self._runner.addresses[0][1]
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(
            lambda: _Udp(self), local_addr=("127.0.0.1", 0)
        )
        self.udp_port = self._udp.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._udp is not None:
            self._udp.close()
        assert self._runner is not None
        await self._runner.cleanup()

    @property
    def base(self) -> str:
        return f"https://127.0.0.1:{self.port}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"wss://127.0.0.1:{self.port}/gateway"

    def connector(self) -> aiohttp.TCPConnector:
        context = ssl.create_default_context(cafile=str(self._folder / "server.pem"))
        context.check_hostname = False
        return aiohttp.TCPConnector(ssl=context)

    # -- what tests do -----------------------------------------------------------------------------

    def inside(self) -> list[Person]:
        """People who are where the bot is."""
        here = self.bot.channel
        return [p for p in self.people.values() if here is not None and p.channel == here]

    async def join(self, who: int, channel: int = LOUNGE) -> Person:
        person = self.people[who]
        person.channel = channel
        await self.dispatch("VOICE_STATE_UPDATE", person.state())
        if channel == self.bot.channel and self.voice is not None:
            await self.voice_json(11, {"user_ids": [str(who)]})
            await self.group.settle()
        return person

    async def leave(self, who: int) -> None:
        person = self.people[who]
        person.channel = None
        if self.voice is not None:
            await self.voice_json(13, {"user_id": str(who)})
        await self.group.remove(who)
        person.session = None
        await self.dispatch("VOICE_STATE_UPDATE", person.state())

    async def begin_speaking(self, who: int) -> None:
        person = self.people[who]
        data = {"user_id": str(who), "ssrc": person.ssrc, "speaking": 1}
        await self.voice_json(5, data)

    async def say(self, who: int, sound: np.ndarray, *, pace: float = 0.02) -> None:
        """Float32 at 48 kHz mono, in packets of 20 ms as Discord's program sends them."""
        await self.begin_speaking(who)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for n, packet in enumerate([*opus_packets(sound), *[SILENCE] * 5]):
            self.send_packet(who, packet)
            await asyncio.sleep(max(0.0, began + (n + 1) * pace - loop.time()))

    def send_packet(self, who: int, opus: bytes, **shape: Any) -> None:
        self.send_udp(self.sealed(who, opus, **shape))

    def sealed(
        self,
        who: int,
        opus: bytes,
        *,
        padding: int = 0,
        extension: int | None = None,
        sources: int = 0,
        plain: bool = False,
    ) -> bytes:
        """A datagram of that person's. `extension`: words of one; `plain`: without DAVE."""
        person = self.people[who]
        frame = opus
        if opus != SILENCE and not plain:
            assert person.session is not None
            frame = person.session.encrypt_opus(opus)
        person.sequence = (person.sequence + 1) % 65_536
        person.timestamp = (person.timestamp + 960) % (1 << 32)
        first = 0x80 | (0x20 if padding else 0) | (0 if extension is None else 0x10) | sources
        head = struct.pack(
            ">BBHII", first, 0x78, person.sequence, person.timestamp, person.ssrc
        )  # fmt: skip
        head += b"".join(struct.pack(">I", 7000 + n) for n in range(sources))
        if extension is not None:
            head += struct.pack(">HH", 0xBEDE, extension)
            frame = os.urandom(4 * extension) + frame
        if padding:
            frame += bytes(padding - 1) + bytes([padding])
        self._nonce += 1
        nonce = struct.pack(">I", self._nonce)
        box = nacl.secret.Aead(self._key)
        return head + box.encrypt(frame, head, nonce + bytes(20)).ciphertext + nonce

    def send_udp(self, data: bytes) -> None:
        assert self._udp is not None
        assert self._bot_address is not None
        self._udp.sendto(data, self._bot_address)

    def opened(self, data: bytes) -> bytes | None:
        """What a datagram of the bot's holds, to the first person in the channel."""
        nonce = data[-4:] + bytes(20)
        frame = nacl.secret.Aead(self._key).decrypt(data[12:-4], data[:12], nonce)
        if frame == SILENCE:
            return frame
        for person in self.inside():
            if person.session is not None:
                try:
                    return person.session.decrypt(BOT, davey.MediaType.audio, frame)
                except ValueError:
                    return None
        return None

    async def command(self, who: int, command: str, channel: int = TEXT, **options: Any) -> None:
        """Use a slash command."""
        self._interaction += 1
        given = [
            {"name": key, "value": value, "type": 5 if isinstance(value, bool) else 3}
            for key, value in options.items()
        ]
        person = self.people[who]
        await self.dispatch(
            "INTERACTION_CREATE",
            {
                "id": str(self._interaction), "application_id": str(BOT), "type": 2,
                "token": f"t{self._interaction}", "version": 1, "guild_id": str(GUILD),
                "channel_id": str(channel), "locale": "en-GB", "entitlements": [],
                "authorizing_integration_owners": {"0": str(GUILD)}, "context": 0,
                "channel": {"id": str(channel), "type": 0, "guild_id": str(GUILD),
                            "permissions": self.permissions},
                "member": person.member() | {"permissions": self.permissions},
                "app_permissions": self.permissions, "attachment_size_limit": 10_000_000,
                "data": {"id": "1", "name": command, "type": 1, "guild_id": str(GUILD),
                         "options": given},
            },
        )  # fmt: skip

    async def move_bot(self, channel: int) -> None:
        """An administrator drags it elsewhere."""
        self.bot.channel = channel
        for person in self.people.values():
            person.session = None
        self.group.begin()
        await self.dispatch("VOICE_STATE_UPDATE", self.bot.state())
        await self._voice_server()

    async def kick_bot(self) -> None:
        """An administrator disconnects it."""
        self.bot.channel = None
        await self.dispatch("VOICE_STATE_UPDATE", self.bot.state())
        await self.close_voice(4014)

    async def close_voice(self, code: int) -> None:
        if self.voice is not None:
            await self.voice.close(code=code)

    async def close_gateway(self, code: int) -> None:
        if self.gateway is not None:
            await self.gateway.close(code=code)

    async def new_epoch(self) -> None:
        """A new group is begun (opcode 24 of DAVE)."""
        for person in self.people.values():
            person.session = None
        self.group.begin()
        data = {"transition_id": 0, "epoch": 1, "protocol_version": 1}
        await self.voice_json(24, data)
        await self.voice_binary(25, self.group.sender.package())

    # -- REST --------------------------------------------------------------------------------------

    async def _any(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/api/v10")
        if path == "/gateway":
            return await self._gateway(request)
        if path == "/":
            return await self._voice(request)
        self.requests.append(f"{request.method} {path}")
        is_command = path.startswith(("/webhooks/", "/interactions/"))
        if not is_command and request.headers.get("Authorization") != f"Bot {TOKEN}":
            return _json({"message": "401: Unauthorized", "code": 0}, status=401)
        body: Any = {}
        if request.can_read_body:
            if request.content_type == "application/json":
                body = await request.json()
            else:
                form = await request.post()
                body = json.loads(str(form.get("payload_json", "{}")))
        if self.failing and (path.endswith("/messages") or path.startswith("/webhooks/")):
            status = self.failing.pop(0)
            told = {"message": "no", "code": 0, "retry_after": 0.05, "global": False}
            return _json(told, status=status)
        return self._rest(request.method, path.strip("/").split("/"), body)

    def _rest(self, method: str, parts: list[str], body: Any) -> web.Response:
        match method, parts:
            case "GET", ["users", "@me"]:
                return _json(self.bot.payload())
            case "GET", ["oauth2", "applications", "@me"] | ["applications", "@me"]:
                return _json(
                    {"id": str(BOT), "name": "Assistant", "icon": None, "description": "",
                     "bot_public": True, "bot_require_code_grant": False, "summary": "",
                     "verify_key": "x", "flags": 0, "owner": self.people[1].payload(),
                     "team": None, "hook": True}
                )  # fmt: skip
            case "PUT", ["applications", _, *_, "commands"]:
                self.commands = body
                made = [
                    each | {"id": str(n), "application_id": str(BOT), "version": "1",
                            "default_member_permissions": None}
                    for n, each in enumerate(body)
                ]  # fmt: skip
                return _json(made)
            case "POST", ["channels", channel, "messages"]:
                return self._write(int(channel), body)
            case "PATCH", ["guilds", _, "members", "@me"]:
                self.edits.append(body)
                return _json(self.bot.member())
            case "PATCH", ["guilds", _, "voice-states", "@me"]:
                return self._ask_to_speak(body)
            case "POST", ["interactions", _, _, "callback"]:
                if "content" in body.get("data", {}):
                    self.answers.append(body["data"]["content"])
                done = {"id": parts[1], "type": 2, "response_message_loading": False,
                        "response_message_ephemeral": True}  # fmt: skip
                return _json({"interaction": done})
            case (("POST" | "PATCH"), ["webhooks", *_]):
                self.answers.append(body.get("content", ""))
                self.mentions.append(body.get("allowed_mentions"))
                return _json(self._message(TEXT, body))
        return _json({"message": "404: Not Found", "code": 0}, status=404)

    def _ask_to_speak(self, body: Any) -> web.Response:
        moderates = body.get("suppress") is False
        allowed = self.stage_moderator if moderates else self.stage_requests is not None
        if not allowed:
            return _json({"message": "Missing Permissions", "code": 50013}, status=403)
        if moderates:
            self._later.append(asyncio.ensure_future(self.let_speak()))
        elif self.stage_requests is not None:
            self.stage_requests.append(body["request_to_speak_timestamp"])
        return web.Response(status=204)

    async def let_speak(self) -> None:
        """A moderator lets the bot speak on the stage."""
        self.bot.suppress = False
        await self.dispatch("VOICE_STATE_UPDATE", self.bot.state())

    def _write(self, channel: int, body: Any) -> web.Response:
        if not int(self.permissions) & (1 << 11):
            return _json({"message": "Missing Permissions", "code": 50013}, status=403)
        if len(body["content"]) > 2000:
            return _json({"message": "Invalid Form Body", "code": 50035}, status=400)
        self.written.append((channel, body["content"]))
        self.mentions.append(body.get("allowed_mentions"))
        return _json(self._message(channel, body))

    def _message(self, channel: int, body: Any) -> dict[str, Any]:
        self._interaction += 1
        return {
            "id": str(self._interaction), "channel_id": str(channel), "type": 0,
            "author": self.bot.payload(), "content": body.get("content", ""),
            "timestamp": "2026-01-01T00:00:00+00:00", "edited_timestamp": None, "tts": False,
            "mention_everyone": False, "mentions": [], "mention_roles": [], "attachments": [],
            "embeds": [], "pinned": False,
        }  # fmt: skip

    # -- the gateway -------------------------------------------------------------------------------

    async def dispatch(self, name: str, data: Any) -> None:
        if self.gateway is None or self.gateway.closed:
            return
        self._gateway_seq += 1
        await self.gateway.send_str(
            json.dumps({"op": 0, "t": name, "s": self._gateway_seq, "d": data})
        )

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps({"op": 10, "d": {"heartbeat_interval": 40_000}}))
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            asked = json.loads(message.data)
            await self._gateway_asked(socket, asked["op"], asked["d"])
        return socket

    async def _gateway_asked(self, socket: web.WebSocketResponse, op: int, data: Any) -> None:
        if op == 1:
            await socket.send_str(json.dumps({"op": 11, "d": None}))
        elif op == 2:
            self.identified += 1
            if self.identify_code is not None:
                await socket.close(code=self.identify_code)
                return
            self.gateway = socket
            await self._ready()
        elif op == 6:
            self.resumed += 1
            self.gateway = socket
            await self.dispatch("RESUMED", {})
        elif op == 4:
            channel = data["channel_id"]
            self.bot.channel = int(channel) if channel else None
            self.bot.suppress = self.bot.channel == STAGE
            self.voice_states.append(self.bot.channel)
            await self.dispatch("VOICE_STATE_UPDATE", self.bot.state())
            if self.bot.channel is not None:
                await self._voice_server()

    async def _voice_server(self) -> None:
        data = {"token": "v", "guild_id": str(GUILD), "endpoint": f"127.0.0.1:{self.port}"}
        await self.dispatch("VOICE_SERVER_UPDATE", data)

    async def _ready(self) -> None:
        guilds = [{"id": str(GUILD), "unavailable": True}] if self.is_invited else []
        await self.dispatch(
            "READY",
            {
                "v": 10, "user": self.bot.payload(), "guilds": guilds, "session_id": "g",
                "resume_gateway_url": self.gateway_url,
                "application": {"id": str(BOT), "flags": 0}, "shard": [0, 1],
            },
        )  # fmt: skip
        if not self.is_invited:
            return
        everyone = {"id": str(GUILD), "name": "@everyone", "permissions": self.permissions,
                    "position": 0, "color": 0, "hoist": False, "managed": False,
                    "mentionable": False, "flags": 0, "colors": {"primary_color": 0}}  # fmt: skip
        friends = everyone | {"id": "300", "name": "Friends", "position": 1, "permissions": "0"}
        rooms = [
            {"id": str(LOUNGE), "type": 2, "name": "Lounge", "position": 0},
            {"id": str(DEN), "type": 2, "name": "Den", "position": 1},
            {"id": str(TEXT), "type": 0, "name": "general", "position": 2},
            {"id": str(STAGE), "type": 13, "name": "Stage", "position": 3},
        ]
        shared = {"guild_id": str(GUILD), "permission_overwrites": [], "nsfw": False,
                  "bitrate": 64_000, "user_limit": 0, "parent_id": None, "topic": None,
                  "last_message_id": None, "rtc_region": None}  # fmt: skip
        await self.dispatch(
            "GUILD_CREATE",
            {
                "id": str(GUILD), "name": "Home", "owner_id": "1", "roles": [everyone, friends],
                "channels": [room | shared for room in rooms], "emojis": [], "stickers": [],
                "threads": [], "features": [], "verification_level": 0, "member_count": 4,
                "default_message_notifications": 0, "explicit_content_filter": 0,
                "mfa_level": 0, "system_channel_flags": 0, "premium_tier": 0, "nsfw_level": 0,
                "preferred_locale": "en-GB", "afk_timeout": 300, "large": False,
                "members": [self.bot.member(), *(p.member() for p in self.people.values())],
                "voice_states": [p.state() for p in self.people.values() if p.channel],
                "presences": [], "stage_instances": [], "guild_scheduled_events": [],
                "icon": None, "splash": None, "banner": None, "description": None,
                "afk_channel_id": None, "system_channel_id": None, "rules_channel_id": None,
                "public_updates_channel_id": None, "vanity_url_code": None, "discovery_splash":
                None, "joined_at": "2026-01-01T00:00:00+00:00", "soundboard_sounds": [],
            },
        )  # fmt: skip

    # -- the voice gateway -------------------------------------------------------------------------

    async def voice_json(self, op: int, data: Any) -> None:
        if self.voice is not None and not self.voice.closed:
            self._voice_seq += 1
            await self.voice.send_str(json.dumps({"op": op, "d": data, "seq": self._voice_seq}))

    async def voice_binary(self, op: int, data: bytes) -> None:
        if self.voice is not None and not self.voice.closed:
            self._voice_seq += 1
            await self.voice.send_bytes(struct.pack(">HB", self._voice_seq, op) + data)

    async def _voice(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.voice = socket
        await self.voice_json(8, {"v": 8, "heartbeat_interval": 20_000})
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                asked = json.loads(message.data)
                await self._voice_asked(asked["op"], asked["d"])
            elif message.type is WSMsgType.BINARY and message.data[0] == 26:
                await self.group.bot_came(message.data[1:])
        if self.voice is socket:
            self.voice = None
        return socket

    async def _voice_asked(self, op: int, data: Any) -> None:
        if op == 0:
            self.voice_identified += 1
            assert data["max_dave_protocol_version"] == 1
            ready = {"ssrc": self.bot.ssrc, "ip": "127.0.0.1", "port": self.udp_port,
                     "modes": ["aead_aes256_gcm_rtpsize", MODE]}  # fmt: skip
            await self.voice_json(2, ready)
        elif op == 1:
            self._key = os.urandom(32)
            described = {"mode": data["data"]["mode"], "secret_key": list(self._key),
                         "dave_protocol_version": 1, "audio_codec": "opus"}  # fmt: skip
            await self.voice_json(4, described)
            await self.voice_binary(25, self.group.sender.package())
            users = [str(p.id) for p in self.inside()]
            await self.voice_json(11, {"user_ids": users})
        elif op == 3:
            await self.voice_json(6, {"t": data["t"] if isinstance(data, dict) else data})
        elif op == 7:
            self.voice_resumed += 1
            await self.voice_json(9, None)
        elif op == 23:
            await self.voice_json(22, {"transition_id": data["transition_id"]})

    def received(self, data: bytes, address: tuple[str, int]) -> None:
        """A datagram of the bot's."""
        self._bot_address = address
        if len(data) == 74 and data[1] == 1:
            found = bytearray(74)
            struct.pack_into(">HHI", found, 0, 2, 70, self.bot.ssrc)
            found[8:17] = b"127.0.0.1"
            struct.pack_into(">H", found, 72, address[1])
            assert self._udp is not None
            self._udp.sendto(bytes(found), address)
            return
        opus = self.opened(data)
        if opus is None:
            self.unopened += 1
        else:
            self.heard.append(opus)

    def heard_sound(self) -> np.ndarray:
        """What the bot said so far: float32, 48 kHz mono."""
        return decoded(self.heard)


def _json(data: Any, status: int = 200) -> web.Response:
    """Without a charset, which the library takes for another type."""
    body = json.dumps(data).encode()
    return web.Response(body=body, status=status, content_type="application/json")


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, fake: FakeDiscord) -> None:
        self._fake = fake

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self._fake.received(data, address)


def opus_packets(sound: np.ndarray) -> list[bytes]:
    """Float32 at 48 kHz mono → packets of 20 ms, stereo as Discord's."""
    encoder = discord.opus.Encoder()
    sound = np.concatenate((sound, np.zeros(-sound.size % 960, np.float32)))
    both = np.repeat(np.clip(sound, -1, 1), 2)
    pcm = (both * 32767).astype(np.int16)
    return [encoder.encode(pcm[at : at + 1920].tobytes(), 960) for at in range(0, pcm.size, 1920)]


def decoded(packets: list[bytes]) -> np.ndarray:
    """Packets of 20 ms → float32 at 48 kHz, the left channel."""
    decoder = discord.opus.Decoder()
    parts = [np.frombuffer(decoder.decode(each), np.int16)[::2] for each in packets]
    sound = np.concatenate(parts) if parts else np.zeros(0, np.int16)
    return sound.astype(np.float32) / 32768
