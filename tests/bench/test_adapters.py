"""`assistant bench adapters`: rows for a real server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from assistant.adapters.launching import AdapterError
from assistant.bench import adapters
from assistant.commands.bench import bench_adapters
from assistant.config.schema import AdapterConfig, Config

pytest.importorskip("mcp")


@pytest.fixture(autouse=True)
def one_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapters, "STARTS", 1)


def test_without_adapters_a_server_of_ours_is_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bench_adapters(Config(), calls=4, json_output=True) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows["echo: start"]["n"] == 1
    assert rows["echo: echo, ours"]["n"] == 4
    over = rows["  ours − bare, call by call"]["values"]
    ours, bare = (rows[f"echo: echo, {kind}"]["values"] for kind in ("ours", "bare SDK"))
    assert over == pytest.approx([one - other for one, other in zip(ours, bare, strict=True)])
    assert rows["echo: schemas of 1 tools"]["values"][0] > 10


def test_the_list_of_allowed_tools_makes_a_prompt_shorter() -> None:
    notes = AdapterConfig(
        command=[sys.executable, "-m", "tests.adapters.server"],
        cwd=str(Path.cwd()),
        tools=["search_notes"],
    )
    rows = adapters.measure(
        {"notes": notes}, tool="search_notes", arguments={"query": "parrots"}, calls=2
    )
    every, allowed = [row.values[0] for row in rows if row.unit == "tokens"]
    assert 0 < allowed < every / 3


def test_a_tool_that_is_not_there_or_fails_is_told_of() -> None:
    with pytest.raises(AdapterError, match="no tool nope"):
        adapters.measure({}, tool="nope")
    with pytest.raises(AdapterError, match="echo"):
        adapters.measure({}, tool="echo", arguments={"text": {}})
