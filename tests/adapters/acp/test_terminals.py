"""The commands that a coding agent may run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from assistant.adapters.acp.files import Workspace, WorkspaceError
from assistant.adapters.acp.terminals import Terminals
from tests.adapters.processes import alive
from tests.fakes import until


async def test_of_a_long_output_the_end_is_kept_and_no_character_is_halved(tmp_path: Path) -> None:
    terminals = Terminals(Workspace(tmp_path), {"PATH": os.environ["PATH"]})
    name = await terminals.create("printf 'aä%.0s' 1 2 3 4 5 6 7 8 9", limit=7)
    terminal = terminals.get(name)
    await terminal.wait()
    assert terminal.truncated
    assert terminal.output == "aäaä", "the half of a character before them is left out"
    assert terminal.ended == (0, None)
    await terminals.release(name)
    with pytest.raises(WorkspaceError, match="no terminal"):
        terminals.get(name)


async def test_a_command_gets_none_of_our_secrets_and_begins_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "s3cr3t")
    terminals = Terminals(Workspace(tmp_path), {"PATH": os.environ["PATH"]})
    name = await terminals.create("env; pwd", environment={"A": "1"})
    await terminals.get(name).wait()
    output = terminals.get(name).output
    assert "s3cr3t" not in output
    assert "A=1" in output
    assert output.endswith(f"{tmp_path}\n")
    for wrong in ({"cwd": "/"}, {"cwd": ".."}):
        with pytest.raises(WorkspaceError, match="outside"):
            await terminals.create("true", **wrong)
    with pytest.raises(WorkspaceError, match="cannot be started"):
        await terminals.create("no-such-program-here")
    await terminals.close()


async def test_what_a_command_left_running_is_ended_with_its_terminal(tmp_path: Path) -> None:
    terminals = Terminals(Workspace(tmp_path), {"PATH": os.environ["PATH"]})
    name = await terminals.create("(trap '' TERM; sleep 60) & echo $!")
    terminal = terminals.get(name)
    await terminal.wait()
    left = int(terminal.output)
    assert alive(left)
    await terminals.close()
    await until(lambda: not alive(left))
