"""Proxies of the environment: broken ones end nothing, passwords are not shown, loopback never goes
through one."""

from __future__ import annotations

import os

import pytest

from assistant.backends.base import BackendError
from assistant.backends.server.client import _options
from assistant.backends.server.failures import Address, explained
from assistant.brain.base import LanguageModelError, Question
from assistant.brain.choose import choose_brain
from assistant.brain.openai.client import OpenAIBrain
from assistant.config.schema import BrainConfig
from assistant.models import web
from assistant.models.errors import understood
from assistant.models.hub import listing
from tests.brain.openai.servers import STREAM_HEAD, Send, event, reply, serve
from tests.brain.personas import persona

BROKEN = ["socks5://127.0.0.1:1080", "socks4://x", "nonsense://u:pass@x:1", "http://[::1"]
FAR = "http://models.example:8000/v1"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://127.8.9.1/v1", True),
        ("http://localhost./v1", True),
        ("http://model.localhost:1/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://[::ffff:127.0.0.1]/v1", True),
        ("http://0.0.0.0:8080/v1", True),
        ("ws://localhost:8998/api/chat", True),
        ("http://localhost.example.com/v1", False),
        ("http://127.0.0.1.example.com/v1", False),
        ("http://10.0.0.7/v1", False),
        ("http://[::1", False),
    ],
)
def test_what_stays_on_this_machine(url: str, inside: bool) -> None:
    assert web.is_loopback(url) is inside


@pytest.mark.parametrize("proxy", BROKEN)
async def test_a_proxy_that_cannot_be_used_leaves_loopback_alone(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    async def answers(request: str, send: Send) -> None:
        await send(STREAM_HEAD + event("Here.", finish_reason="stop"))

    monkeypatch.setenv("ALL_PROXY", proxy)
    async with serve(answers) as server:
        brain = OpenAIBrain(server.url, "m")
        question = Question(text="Hello?", persona=persona(), history=[])
        assert [piece async for piece in brain.answer(question)] == ["Here."]
        await brain.close()
    web.client("http://localhost:1").close()


@pytest.mark.parametrize("proxy", BROKEN)
async def test_a_proxy_that_cannot_be_used_is_told_and_the_persona_answers(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    told: list[LanguageModelError] = []
    config = BrainConfig(kind="openai", url=FAR, model="m")
    brain, reason = await choose_brain(config, notify=told.append)  # type: ignore[arg-type]
    assert brain.label == "scripted"
    assert "proxy" in reason
    assert "ALL_PROXY" in told[0].remedy
    assert "pass" not in told[0].message + told[0].remedy


def test_a_broken_proxy_that_is_not_for_this_address_does_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    monkeypatch.setenv("NO_PROXY", "models.example")
    web.client(FAR).close()


async def test_an_error_behind_a_proxy_names_it_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def denies(request: str, send: Send) -> None:
        await send(reply(b"no", "text/plain", "407 Proxy Authentication Required"))

    question = Question(text="Hello?", persona=persona(), history=[])
    async with serve(denies) as proxy:
        monkeypatch.setenv("http_proxy", f"http://ada:s3cret@127.0.0.1:{proxy.port}")
        brain = OpenAIBrain(FAR, "m")
        with pytest.raises(LanguageModelError) as refused:
            [piece async for piece in brain.answer(question)]
    assert proxy.requests, "it was asked for what is elsewhere"
    with pytest.raises(LanguageModelError) as absent:
        [piece async for piece in brain.answer(question)]
    await brain.close()
    for error in (refused.value, absent.value):
        assert f"127.0.0.1:{proxy.port}" in error.message
        assert "proxy" in error.message
        assert "s3cret" not in error.message + error.remedy


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://ada:p@ss@proxy:3128", "proxy:3128"),
        ("ada:pass@proxy:3128", "proxy:3128"),
        ("socks5h://proxy", "socks5h://proxy"),
        ("http://ada:pa/ss@proxy", None),
        ("", ""),
    ],
)
def test_a_proxy_is_shown_without_name_and_password(proxy: str, shown: str | None) -> None:
    found = web.without_secret(proxy)
    assert "pass" not in found
    assert shown is None or found.removeprefix("http://") == shown


def test_libraries_with_clients_of_their_own_go_straight_to_loopback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:1")
    with web.direct("http://127.0.0.1:1/x"):
        assert "HTTPS_PROXY" not in os.environ
    with web.direct("https://hub.example/x"):
        assert os.environ["HTTPS_PROXY"] == "http://proxy:1"
    assert os.environ["HTTPS_PROXY"] == "http://proxy:1"


@pytest.mark.parametrize("error", [ImportError("Using SOCKS proxy"), ValueError("proxy URL")])
def test_a_download_through_a_proxy_that_cannot_be_used_says_so(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://ada:pass@proxy:1080")
    with pytest.raises(BackendError) as caught, understood("owner/name"):
        raise error
    assert "socks5://proxy:1080" in caught.value.message
    assert "ALL_PROXY" in caught.value.remedy


def test_the_hub_on_this_machine_is_asked_without_a_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    with pytest.raises(BackendError) as caught:
        listing("owner/name", endpoint="http://127.0.0.1:9")
    assert "proxy" not in caught.value.message


def test_a_speaking_server_on_this_machine_is_reached_without_a_proxy() -> None:
    here = Address("ws://127.0.0.1:8998/api/chat")
    assert _options(here)["proxy"] is None
    assert _options(Address("ws://desktop:8998/api/chat"))["proxy"] is True


def test_a_speaking_server_behind_a_proxy_that_cannot_be_used_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://ada:pass@proxy:1080")
    error = explained(ImportError("python-socks is required"), Address("ws://desktop:8998"))
    assert "socks5://proxy:1080" in error.message
    assert "pass" not in error.message
