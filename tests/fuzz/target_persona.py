"""Persona files from strangers: a persona or clear words, and nothing that raises."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from assistant.personas.checks import advice_on
from assistant.personas.files import read_persona
from assistant.terminal.sanitize import clean_line, clean_text

NAME = "persona"
_THEMES = Path(__file__).parents[2] / "themes"
SEEDS = [
    (_THEMES / "jarvis.toml").read_bytes(),
    (_THEMES / "hal.toml").read_bytes(),
    b'name = "Ada"\n[prompt]\nidentity = 1\n',
    b"a = " + b"[" * 300,
    b"order = " + b"9" * 5_000,
    b'name = "\\u202eAda"\nname = "Eve"\n',
    b"\xff\xfea\x00",
    b"\xef\xbb\xbf[voice]\nspeed = nan\nkokoro = {af_heart = inf}\n",
    b"[[colors]]\n[colors.background]\n",
]


@functools.cache
def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="fuzz-persona-"))


def one(data: bytes) -> None:
    path = _folder() / "ada.toml"
    path.write_bytes(data)
    file = read_persona(path)
    assert (file.persona is None) == bool(file.problems), "neither a persona nor a problem"
    for failure in file.problems:
        assert failure.message
        assert failure.remedy
        assert clean_line(str(failure)) == str(failure), "the message is not fit for a screen"
        assert failure.line is None or failure.line >= 1
    if file.persona is not None:
        persona = file.persona
        for text in (persona.name, persona.summary, *persona.greetings, persona.prompt.identity):
            assert clean_text(text) == text, "something invisible got through"
        persona.prompt_for_backend()
        advice_on(persona, file.lines)
