"""How our servers are run, and what of it is refused."""

from __future__ import annotations

import errno
import hmac
import ipaddress
import os
import socket
import ssl
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from assistant.errors import AssistantError
from assistant.models.environments import install_command

SHORTEST_TOKEN = 16
"""Characters of a token that other machines may try to guess."""
MAKE_TOKEN = 'python -c "import secrets; print(secrets.token_urlsafe(24))"'


class ServeError(AssistantError):
    """The server cannot run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeSettings:
    host: str = "127.0.0.1"
    port: int = 8998
    """0: any that is free."""
    token: str | None = None
    """Clients must send it as `Authorization: Bearer …`."""
    certificate: Path | None = None
    key: Path | None = None
    """Of the certificate, where it is not in the same file."""
    queue: int = 4
    """Clients that may wait while one talks."""
    insecure: bool = False
    """Serve the network although nobody has to show a token."""
    silent_after: float = 30.0
    """Seconds without sound after which a client loses the model to the next one."""

    @property
    def scheme(self) -> str:
        return "wss" if self.certificate else "ws"

    def admits(self, authorization: str | None) -> bool:
        """Whether this header opens the door. It may hold anything: bytes that are no text come as
        surrogates, and only bytes can be compared in constant time whatever is in them."""
        if self.token is None:
            return True
        scheme, _, given = (authorization or "").partition(" ")
        same = hmac.compare_digest(
            given.strip().encode("utf-8", "surrogatepass"), self.token.encode()
        )
        return same and scheme.lower() == "bearer"


def token_from(variable: str | None) -> str | None:
    """The token in this environment variable. Raises `ServeError` where it has none."""
    if variable is None:
        return None
    token = os.environ.get(variable, "").strip()
    if not token:
        raise ServeError(
            f"the environment variable {variable} holds no token",
            f"set it before: {variable}=$({MAKE_TOKEN})",
        )
    if not (token.isascii() and token.isprintable()):
        raise ServeError(
            f"the token in {variable} has characters that no header can carry",
            f"make one of letters and digits: {MAKE_TOKEN}",
        )
    return token


def check_token(settings: ServeSettings) -> None:
    """Raises `ServeError` where other machines could find it by trying."""
    if is_loopback(settings.host) or settings.token is None:
        return
    if len(settings.token) < SHORTEST_TOKEN:
        raise ServeError(
            f"the token has {len(settings.token)} characters, and {settings.host} can be reached "
            f"from other machines, which could find it by trying: it needs {SHORTEST_TOKEN}",
            f"make a longer one: {MAKE_TOKEN}",
        )


def check_exposure(
    settings: ServeSettings, to: str = "the model and hold it", tls: str = "--tls-cert"
) -> str | None:
    """A warning about who could listen, or None. Raises `ServeError` where it must not run. `to`:
    what anyone could talk to; `tls`: the option that encrypts."""
    if is_loopback(settings.host):
        return None
    if settings.token is None and not settings.insecure:
        raise ServeError(
            f"{settings.host} can be reached from other machines, and nobody would have to show "
            f"a token: anyone there could talk to {to}",
            "add --token-env NAME, or --insecure where you trust the network",
        )
    check_token(settings)
    if settings.certificate is None:
        return f"voices and the token cross the network unencrypted; {tls} changes that"
    return None


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def tls_context(settings: ServeSettings) -> ssl.SSLContext | None:
    """Raises `ServeError` where the certificate cannot be used."""
    if settings.certificate is None:
        if settings.key is not None:
            raise ServeError("a TLS key without a certificate", "add --tls-cert FILE")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.certificate, settings.key, password=_no_password)
    except FileNotFoundError:
        files = " or ".join(str(f) for f in (settings.certificate, settings.key) if f)
        raise ServeError(f"there is no file {files}", "look at --tls-cert and --tls-key") from None
    except (OSError, ValueError) as error:
        raise ServeError(
            f"the certificate {settings.certificate} cannot be used: {error}",
            "both files must be PEM, the key without a password, and belong to each other",
        ) from None
    return context


def _no_password() -> str:
    """Asked for where the key has one: a server that waits for typing is no server."""
    raise ValueError("its key has a password")


def cannot_listen(settings: ServeSettings, error: Exception) -> ServeError:
    """Why no socket could be opened there, in words."""
    place = f"{settings.host}:{settings.port}"
    if isinstance(error, socket.gaierror):
        return ServeError(f"there is no address called {settings.host}", "look at --host")
    number = getattr(error, "errno", None)
    if number == errno.EADDRINUSE:
        return ServeError(
            f"{place} is taken by another program", "end that program, or choose another --port"
        )
    if number == errno.EADDRNOTAVAIL:
        return ServeError(
            f"{settings.host} is no address of this machine", "0.0.0.0 stands for all of them"
        )
    if number == errno.EACCES:
        return ServeError(f"{place} is not allowed to you", "choose a --port above 1023")
    return ServeError(f"cannot listen at {place}: {error}", "choose another --host or --port")


def require_packages(what: str, extra: str, *names: str) -> None:
    """Raises `ServeError` where packages of the extra are not installed."""
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise ServeError(
            f"packages missing for {what}: {', '.join(missing)}",
            install_command(extra),
        )


def http_address(settings: ServeSettings, port: int) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{'https' if settings.certificate else 'http'}://{host}:{port}"


def listen(settings: ServeSettings) -> list[socket.socket]:
    """Sockets that are open already, guarded by nobody yet. Raises `ServeError`."""
    from assistant.serving.connection_limits import open_sockets

    try:
        return open_sockets(settings.host, settings.port)
    except (OSError, OverflowError) as error:
        raise cannot_listen(settings, error) from None
