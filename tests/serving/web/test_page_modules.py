"""The page's modules by themselves, in Node: what they say, each as a test of its own name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from assistant.personas.loading import load_personas

NODE = shutil.which("node")
MODULES = sorted((Path(__file__).parent / "modules").glob("*.test.mjs"))
STATIC = Path(__file__).parents[3] / "assistant" / "serving" / "web" / "static"


@pytest.mark.skipif(NODE is None, reason="there is no Node here")
@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_module(module: Path) -> None:
    assert NODE is not None
    personas = [
        {"name": each.name, "colors": each.colors.model_dump(), "face": each.face.model_dump()}
        for each in load_personas().loaded.values()
    ]
    done = subprocess.run(
        [NODE, "--test", str(module)],
        env={**os.environ, "PERSONAS": json.dumps(personas)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"^# pass (\d+)", done.stdout, re.MULTILINE)
    assert passed is not None, done.stdout
    assert int(passed[1]) > 0


def test_nothing_of_the_page_is_set_as_html_and_nothing_comes_from_elsewhere() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix in (".js", ".html", ".css"):
            text = path.read_text("utf-8")
            assert not re.search(
                r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text
            )
            urls = set(re.findall(r"https?://[^\s\"'`]+", text)) - {"http://www.w3.org/2000/svg"}
            assert not urls, path.name
            assert not re.search(r"\son[a-z]+=|\sstyle=|<style|<script(?![^>]*\ssrc=)", text), path


def test_the_whole_page_is_small() -> None:
    assert sum(path.stat().st_size for path in STATIC.rglob("*") if path.is_file()) < 300_000
