"""`assistant web`: the conversation as a page, in a browser of this machine or, with `--lan`, of a
phone on the same network."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import sys
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assistant.commands.plain import Printer, libraries_speak_to_the_log, stop_signals
from assistant.commands.runner import tell
from assistant.config.schema import Config
from assistant.locations import web_dir
from assistant.loops import ExitDeadline
from assistant.serving.settings import (
    ServeError,
    ServeSettings,
    http_address,
    is_loopback,
    listen,
    require_packages,
    tls_context,
)
from assistant.session.clients.private_socket import endpoints
from assistant.session.frontend import SessionFrontend

if TYPE_CHECKING:
    import socket

    from assistant.audio.devices.switchable import SwitchableAudio
    from assistant.serving.web.connection import Conversation

_PACKAGES = ("starlette", "uvicorn", "websockets")
PORT = 8765


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings(ServeSettings):
    lan: bool = False
    """Other machines of the network may come, too."""
    names: tuple[str, ...] = ()
    """What they call this machine, besides its addresses."""
    dashboard: bool = False
    """Show the conversation in the terminal, too."""
    machine_sound: bool = False
    """This machine's microphone and speaker are used while no page carries the sound."""
    new_token: bool = False
    open_browser: bool = False


def web_command(config: Config, settings: WebSettings) -> int:
    """Serve until a signal comes, or the conversation is over; returns the exit code. Raises
    `ServeError`, `ConfigError`, `BackendError` where it cannot."""
    require_packages("the web page", "web", *_PACKAGES)
    if not (sys.stdin.isatty() and sys.stdout.isatty()) and settings.dashboard:
        raise ServeError("there is no terminal for the dashboard", "leave --dashboard out")
    with contextlib.ExitStack() as opened:
        site = _Site(settings)
        for each in site.sockets:
            opened.enter_context(each)
        site.tell()
        if settings.dashboard:
            return _with_dashboard(config, site)
        with ExitDeadline() as deadline:
            return asyncio.run(_alone(config, site, deadline))


class _Site:
    """The address, and what lets people in; made before anything slow."""

    def __init__(self, settings: WebSettings) -> None:
        from assistant.serving.access_control import AccessControl, names_of_this_machine
        from assistant.serving.web.entry import kept_token

        if settings.lan and is_loopback(settings.host):
            settings = replace(settings, host="0.0.0.0")
        self._exposed = not is_loopback(settings.host)
        names = names_of_this_machine(settings.host, settings.names)
        self._addresses: list[str] = []
        self._fingerprint = ""
        if self._exposed:
            settings = self._with_certificate(settings, names)
        self.settings = settings
        self.certificate: ssl.SSLContext | None = tls_context(settings)
        self.token = kept_token(anew=settings.new_token)
        self.control = AccessControl(None, names, what="conversation", has_pages=True)
        self.sockets: list[socket.socket] = listen(settings)
        self.port: int = self.sockets[0].getsockname()[1]

    def _with_certificate(self, settings: WebSettings, names: frozenset[str]) -> WebSettings:
        require_packages("a certificate of our own", "web", "cryptography")
        from assistant.serving.certificate import local_addresses, own_certificate

        self._addresses = local_addresses()
        if settings.certificate is not None:
            return settings
        if settings.insecure:
            return settings
        made = own_certificate(names, self._addresses, web_dir())
        self._fingerprint = made.fingerprint
        return replace(settings, certificate=made.path, key=made.key)

    @property
    def url(self) -> str:
        """With the token in its fragment, which no browser sends to anybody."""
        host = self.settings.host
        if self._exposed:
            known = list(self.settings.names) or self._addresses
            host = known[0] if known else host
        return f"{http_address(replace(self.settings, host=host), self.port)}/#{self.token}"

    def tell(self) -> None:
        print(f"Open this page: {self.url}")
        if self._exposed and sys.stdout.isatty():
            self._draw_code()
        if self._fingerprint:
            print("The browser will warn once: we made the certificate ourselves. Its fingerprint")
            print(f"(SHA-256) is {self._fingerprint}")
        if self._exposed and self.certificate is None:
            tell("without TLS everybody on the network can listen, and phones give no microphone")
        print("Whoever has this address can talk and listen; --new-token makes it worthless.")
        sys.stdout.flush()

    def _draw_code(self) -> None:
        try:
            import segno
        except ImportError:
            return
        segno.make(self.url, micro=False).terminal(compact=True)

    @asynccontextmanager
    async def open(self, conversation: Conversation) -> AsyncIterator[None]:
        from assistant.serving.web.entry import Entry
        from assistant.serving.web.serving import PageServer

        entry = Entry(self.token, self.port, secure=self.certificate is not None)
        server = PageServer(conversation, entry, self.control, self.certificate)
        async with server.running(self.sockets):
            if self.settings.open_browser:
                await asyncio.to_thread(webbrowser.open, self.url)
            yield


async def _alone(config: Config, site: _Site, deadline: ExitDeadline) -> int:
    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with stop_signals(stopped, deadline), libraries_speak_to_the_log():
        if any(each.kind == "session" for each in endpoints()):
            return await _following(site, stopped)
        return await _own(config, site, stopped)


async def _following(site: _Site, stopped: asyncio.Future[int]) -> int:
    from assistant.serving.web.serving import FollowedConversation

    async with site.open(FollowedConversation()):
        tell("pages follow the conversation that runs in another window; its sound stays there")
        print("ready: Ctrl-C ends it", flush=True)
        return await stopped


async def _own(config: Config, site: _Site, stopped: asyncio.Future[int]) -> int:
    from assistant.session.factory import make_conversation

    audio = _audio(config, machine=site.settings.machine_sound)
    # Whoever greets an empty room greets nobody: it is done once a page can be heard.
    greets = config.session.greeting and not site.settings.machine_sound
    config.session.greeting = config.session.greeting and site.settings.machine_sound
    session = make_conversation(config, audio)
    session.subscribe(Printer(session, show_typed=True))

    def over() -> None:
        if not stopped.done():
            stopped.set_result(0)

    try:
        async with site.open(_conversation(session, audio, config, over, greets=greets)):
            await session.start()
            print("ready: Ctrl-C ends it", flush=True)
            return await stopped
    finally:
        await session.stop()


def _with_dashboard(config: Config, site: _Site) -> int:
    from assistant.session.factory import make_conversation
    from assistant.ui.run import run_dashboard

    input("Press Enter for the dashboard. ")

    def make() -> SessionFrontend:
        audio = _audio(config, machine=True)
        session = make_conversation(config, audio)

        async def pages(session: SessionFrontend) -> None:
            async with site.open(_conversation(session, audio, config, lambda: None, greets=False)):
                await asyncio.Event().wait()

        session.at_start([], pages)
        return session

    return run_dashboard(make, config)


def _audio(config: Config, *, machine: bool) -> SwitchableAudio:
    from assistant.audio.devices.on_demand import OnDemandAudio
    from assistant.audio.devices.switchable import SwitchableAudio

    return SwitchableAudio(OnDemandAudio(config.audio), are_used=machine)


def _conversation(
    session: SessionFrontend,
    audio: SwitchableAudio,
    config: Config,
    over: Callable[[], None],
    *,
    greets: bool,
) -> Conversation:
    from assistant.serving.web.serving import OwnConversation

    return OwnConversation(session, audio, config.audio, over, greets=greets)
