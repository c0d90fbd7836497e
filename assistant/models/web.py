"""HTTP clients, and the proxies between them and the world: loopback never goes through one.

Proxies come from the environment (`ALL_PROXY`, `https_proxy`, `no_proxy`, …) or the system's
settings, as `urllib` reads them.
"""

from __future__ import annotations

import ipaddress
import os
import re
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from assistant.errors import AssistantError

if TYPE_CHECKING:
    import httpx

Made = TypeVar("Made")

_VARIABLES = re.compile(r"(?:all|http|https|ws|wss|socks|ftp)_proxy", re.IGNORECASE)
_WAYS = {"ws": ("ws", "socks", "https", "http"), "wss": ("wss", "socks", "https")}
"""Kinds of proxies that are looked at for an address, in this order (RFC 6455, 4.1)."""
_SECRET = re.compile(r"(?<=//)[^/@]*(?:@[^/@]*)*@")
_environment = threading.Lock()


class BadProxy(AssistantError):
    """The environment names a proxy that cannot be used."""


def is_loopback(url: str) -> bool:
    """Whether an address stays on this machine."""
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    if host in ("localhost", "localhost.localdomain") or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    inner = getattr(address, "ipv4_mapped", None) or address
    return bool(inner.is_loopback or inner.is_unspecified)


def is_near(url: str) -> bool:
    """Whether an address is on this machine or in a private network; a name other than `localhost`
    is, if it ends in `.local`, `.lan`, `.home.arpa` or has no dot."""
    if is_loopback(url):
        return True
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return False
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_private
    except ValueError:
        return bool(host) and ("." not in host or host.endswith((".local", ".lan", ".home.arpa")))


def proxy_for(url: str) -> str:
    """The proxy on the way to `url` without its name and password, "" where there is none."""
    return without_secret(_proxy(url))


def without_secret(proxy: str) -> str:
    """A proxy's address as it may be shown."""
    return _SECRET.sub("", proxy if "//" in proxy or not proxy else f"//{proxy}").removeprefix("//")


def client(url: str, **options: Any) -> httpx.Client:
    """A client for `url`. Raises `BadProxy`."""
    import httpx

    return _made(httpx.Client, url, options)


def async_client(url: str, **options: Any) -> httpx.AsyncClient:
    """A client for `url`. Raises `BadProxy`."""
    import httpx

    return _made(httpx.AsyncClient, url, options)


@contextmanager
def direct(url: str) -> Iterator[None]:
    """Without the environment's proxies where `url` is on this machine, for libraries that make
    clients of their own."""
    if not is_loopback(url):
        yield
        return
    with _environment:
        taken = {name: os.environ.pop(name) for name in list(os.environ) if _is_proxy(name)}
        try:
            yield
        finally:
            os.environ.update(taken)


def unusable(url: str, error: Exception) -> BadProxy:
    """What is wrong with the proxy on the way to `url`."""
    proxy = proxy_for(url) or next(iter(_all_proxies()), "of the environment")
    variables = _named()
    if "socks" in str(error).lower() and isinstance(error, ImportError):
        return BadProxy(
            f"The proxy {proxy} speaks SOCKS, for which a package is missing.",
            f"pip install socksio, or unset {variables}.",
        )
    return BadProxy(
        f"The proxy {proxy} cannot be used: its address is not understood.",
        f"Correct {variables} (like http://proxy.example:3128), or unset it.",
    )


def _made(kind: Callable[..., Made], url: str, options: dict[str, Any]) -> Made:
    import httpx

    try:
        return kind(trust_env=not is_loopback(url), **options)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        if not _named():
            raise
        if not _proxy(url):  # one that is broken, and not for this address
            return kind(trust_env=False, **options)
        raise unusable(url, error) from None


def _proxy(url: str) -> str:
    if is_loopback(url):
        return ""
    try:
        parts = urlsplit(url)
        if urllib.request.proxy_bypass(parts.hostname or ""):
            return ""
    except ValueError:
        return ""
    proxies = urllib.request.getproxies()
    ways = _WAYS.get(parts.scheme, (parts.scheme, "all"))
    return next((proxies[way] for way in ways if proxies.get(way)), "")


def _all_proxies() -> list[str]:
    named = [value for name, value in os.environ.items() if _is_proxy(name)]
    return [without_secret(value) for value in named if value]


def _is_proxy(name: str) -> bool:
    return _VARIABLES.fullmatch(name) is not None


def _named() -> str:
    """The variables that name proxies."""
    return " and ".join(sorted(name for name in os.environ if _is_proxy(name) and os.environ[name]))
