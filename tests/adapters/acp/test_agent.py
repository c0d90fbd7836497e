"""The process and the session of a coding agent, on a real agent."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from assistant.adapters.launching import log_path
from tests.adapters.acp.asking import Heard, ask, asked, chips, goose, stop
from tests.adapters.processes import alive
from tests.fakes import until

pytest.importorskip("acp")


async def test_the_session_is_kept_from_one_request_to_the_next(tmp_path: Path) -> None:
    heard = Heard()
    async with goose(tmp_path, heard) as jobs:
        assert await asked(jobs, heard, "count") == "Goose is done. It says: That is request 1."
        assert await asked(jobs, heard, "count") == "Goose is done. It says: That is request 2."


async def test_an_agent_that_heeds_nothing_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.adapters.acp.agent.CANCEL_SECONDS", 0.1)
    heard, pid = Heard(), tmp_path / "child.pid"
    async with goose(tmp_path, heard) as jobs:
        await ask(jobs, "hang about")
        await until(lambda: pid.exists() and bool(pid.read_text()))
        await stop(jobs)
        await until(lambda: bool(heard.chips))
        await until(lambda: not alive(int(pid.read_text())))
        assert await asked(jobs, heard, "count") == "Goose is done. It says: That is request 1."


async def test_nothing_outlives_the_program(tmp_path: Path) -> None:
    heard = Heard("yes")
    before = set(asyncio.all_tasks())
    async with goose(tmp_path, heard) as jobs:
        await asked(jobs, heard, "leave it running")
        left = [int(each) for each in heard.answer().split()]
        await ask(jobs, "hang about")
        await until(lambda: (tmp_path / "child.pid").exists())
        left += [int((tmp_path / "child.pid").read_text() or 0)]
        assert all(alive(each) for each in left if each)
    assert not any(alive(each) for each in left if each)
    await asyncio.sleep(0)
    assert {task for task in asyncio.all_tasks() if not task.done()} <= before


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        ("--crash", "Goose ended when it was started (exit code 1)."),
        ("--sign-in", "Goose wants you to sign in first."),
        ("--version-7", "Goose speaks version 7 of the protocol, not 1."),
        ("--hang-at-start", "Goose was not ready after 2 s."),
    ],
)
async def test_an_agent_that_cannot_be_started_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str, told: str
) -> None:
    if flag == "--hang-at-start":
        monkeypatch.setattr("assistant.adapters.acp.agent.START_SECONDS", 2.0)
    heard = Heard()
    async with goose(tmp_path, heard, flag) as jobs:
        assert await asked(jobs, heard, "count") == told
        assert heard.chips[-1].ok is False
    if flag == "--crash":
        assert "no disk in the drive" in log_path("goose").read_text()


@pytest.mark.parametrize(("flags", "number"), [((), 1), (("--loads",), 101)])
async def test_an_agent_that_dies_in_its_work_is_told_of_and_comes_back(
    tmp_path: Path, flags: tuple[str, ...], number: int
) -> None:
    heard = Heard()
    async with goose(tmp_path, heard, *flags) as jobs:
        told = await asked(jobs, heard, "crash")
        assert told == "Goose ended in the middle of it (exit code 3)."
        assert "I begin." in heard.answer()
        assert "the roof came down" in log_path("goose").read_text()
        assert (
            await asked(jobs, heard, "count")
            == f"Goose is done. It says: That is request {number}."
        )
        assert "session before" not in heard.answer(), "what is repeated is no news"


async def test_an_agent_without_a_sign_of_life_is_given_up(tmp_path: Path) -> None:
    heard = Heard()
    async with goose(tmp_path, heard, timeout_s=1.5) as jobs:
        told = await asked(jobs, heard, "hang about")
        assert told == "Goose gave no sign of life for 1.5 seconds, and was stopped."
        heard.holds = True
        await ask(jobs, "add a test")
        await until(lambda: bool(heard.asked))
        await asyncio.sleep(1.9)
        assert len(heard.told) == 1, "who waits for the user is not silent"


async def test_messages_that_are_none_do_not_end_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard = Heard()
    async with goose(tmp_path, heard) as jobs:
        assert await asked(jobs, heard, "babble") == "Goose is done. It says: Done after all."
    assert "Traceback" not in caplog.text


async def test_secrets_are_told_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("MY_TOKEN", "s3cr3t-goose")
    heard = Heard()
    async with goose(tmp_path, heard, env={"AGENT_TOKEN": "$MY_TOKEN"}) as jobs:
        told = await asked(jobs, heard, "secret")
        assert told == "Goose could not do it: no such account: ***."
    assert "signing in with ***" in log_path("goose").read_text()
    shown = f"{chips(heard)} {heard.begun} {heard.told} {caplog.text}"
    assert "s3cr3t" not in shown
    assert "s3cr3t" not in log_path("goose").read_text()
