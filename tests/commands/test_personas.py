"""`assistant personas`: what a person sees who lists, checks and writes personas."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from assistant.commands.personas import (
    check_personas,
    list_personas,
    new_persona,
)
from assistant.personas.files import read_persona
from assistant.personas.loading import load_personas
from assistant.personas.schema import (
    Colors,
    Exchange,
    Lines,
    Moshi,
    Persona,
    PromptTexts,
    Voice,
    WaveformGlyphs,
)


@pytest.fixture
def themes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder of personas, which does not exist yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path / "assistant" / "themes"


def test_list_names_everyone_with_a_summary(
    themes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert list_personas() == 0
    shown = capsys.readouterr().out
    for persona in load_personas().loaded.values():
        assert persona.name in shown
    assert str(themes) in shown.replace("\n", "")


def test_list_marks_the_users_own_and_tells_of_broken_ones(
    themes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new_persona("Ada") == 0
    (themes / "broken.toml").write_text("name = ")
    capsys.readouterr()
    assert list_personas() == 0
    output = capsys.readouterr()
    assert "ada (yours)" in output.out
    assert "broken.toml:1" in output.err


def test_list_as_json_is_for_programs(themes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    themes.mkdir(parents=True)
    (themes / "broken.toml").write_text("greetings = 1")
    assert list_personas(json_output=True) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [entry["slug"] for entry in listed["personas"]] == list(load_personas().loaded)
    assert listed["personas"][0]["voice"]["kokoro"]
    assert listed["failed"][0]["file"] == str(themes / "broken.toml")
    assert listed["failed"][0]["line"] == 1


def test_a_new_persona_loads_at_once(themes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new_persona("Ada Lovelace") == 0
    path = themes / "ada-lovelace.toml"
    assert capsys.readouterr().out.strip() == str(path)
    found = load_personas()
    assert found.failed == []
    assert list(found.loaded)[-1] == "ada-lovelace"
    assert found.loaded["ada-lovelace"].name == "Ada Lovelace"


def test_a_new_persona_gives_no_cause_for_complaint(themes: Path) -> None:
    assert new_persona("Ada") == 0
    assert check_personas() == 0
    assert check_personas([themes / "ada.toml"]) == 0


def test_a_new_file_explains_every_key(themes: Path) -> None:
    new_persona("Ada")
    text = (themes / "ada.toml").read_text("utf-8")
    unexplained = {"slug", "name", "prompt", "lines", "voice", "moshi", "colors", "waveform"}
    unexplained |= {"exchanges", "face"}
    tables: list[type[BaseModel]] = [
        *(PromptTexts, Lines, Exchange, Voice, Moshi, Colors, WaveformGlyphs, Persona)
    ]
    for model in tables:
        for key in set(model.model_fields) - unexplained:
            explained = re.search(rf"^# .+\n(# )?{key} = ", text, re.MULTILINE)
            assert explained, key


def test_every_commented_key_of_a_new_file_works_when_uncommented(themes: Path) -> None:
    new_persona("Ada")
    path = themes / "ada.toml"
    text = re.sub(r"^# (\w+ = |\[\[)", r"\1", path.read_text("utf-8"), flags=re.MULTILINE)
    (themes / "voice.wav").write_bytes(b"RIFF")
    path.write_text(text, "utf-8")
    file = read_persona(path)
    assert file.problems == []
    assert file.persona is not None
    assert all(getattr(file.persona.lines, key) for key in Lines.model_fields if key != "address")
    assert "Plain" not in str(file.persona.lines)
    assert [len(each.said) for each in file.persona.exchanges] == [2]


def test_a_new_persona_never_overwrites_unasked(
    themes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new_persona("Ada")
    path = themes / "ada.toml"
    path.write_text("mine")
    assert new_persona("ada") == 1
    assert path.read_text() == "mine"
    assert "--force" in capsys.readouterr().err
    assert new_persona("Ada", force=True) == 0
    assert read_persona(path).persona is not None


def test_a_persona_of_ours_is_only_overridden_on_purpose(
    themes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert new_persona("JARVIS") == 1
    assert "come with the program" in capsys.readouterr().err
    assert not themes.exists()
    assert new_persona("JARVIS", force=True) == 0
    assert load_personas().files["jarvis"] == themes / "jarvis.toml"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "needs a name"),
        ("   ", "needs a name"),
        ("日本", "a letter from a to z"),
        ("../../etc", "etc.toml"),
        ("x" * 41, "it may have 40"),
        ("a\x1b[31m", "letters, digits"),
        ("{time}", "letters, digits"),
    ],
)
def test_odd_names_are_refused_or_made_harmless(
    themes: Path, capsys: pytest.CaptureFixture[str], name: str, expected: str
) -> None:
    code = new_persona(name)
    output = capsys.readouterr()
    assert expected in (output.out if code == 0 else output.err)
    written = list(themes.glob("**/*")) if themes.exists() else []
    assert [path.parent for path in written] == [themes] * (code == 0)


@pytest.mark.parametrize("name", ['Say "hi"', "back\\slash", "Zoë", "O'Hara # 1"])
def test_names_with_signs_survive_the_file(themes: Path, name: str) -> None:
    assert new_persona(name) == 0
    (path,) = themes.glob("*.toml")
    assert tomllib.loads(path.read_text("utf-8"))["name"] == name
    assert name in [persona.name for persona in load_personas().loaded.values()]


def test_a_name_that_somebody_has_is_told(themes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new_persona("Threepio") == 0
    assert "a name of C-3PO already" in capsys.readouterr().err
    assert check_personas() == 1


def test_a_folder_that_cannot_be_written_is_told(
    themes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    themes.parent.mkdir(parents=True)
    themes.write_text("a file where the folder should be")
    assert new_persona("Ada") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_check_finds_nothing_wrong_with_ours(
    themes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_personas() == 0
    assert capsys.readouterr().out == "12 of 12 persona files are in order.\n"


def test_check_tells_file_line_fault_and_remedy(
    themes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new_persona("Ada")
    path = themes / "ada.toml"
    text = path.read_text("utf-8").replace("greetings =", "greeting =").replace("#7cc7ff", "blue")
    path.write_text(text, "utf-8")
    line = text[: text.index("greeting =")].count("\n") + 1
    capsys.readouterr()
    assert check_personas([path]) == 1
    shown = capsys.readouterr().out
    assert f'{path}:{line}: unknown key "greeting". Did you mean "greetings"?' in shown
    assert '"colors.primary" is not a color' in shown
    assert "0 of 1 persona files" in shown


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("Welcome back.", True),
        ("Good to have you back, sir.", True),
        ("You again!", True),
        ("At your service, as always.", True),
        ("I missed you.", True),
        ("Where were we?", True),
        ("The tea is ready, due back in the kitchen.", False),
        ("Ready when you are.", False),
    ],
)
def test_check_advises_where_a_stranger_would_be_welcomed_back(
    themes: Path, capsys: pytest.CaptureFixture[str], text: str, hint: bool
) -> None:
    new_persona("Ada")
    path = themes / "ada.toml"
    path.write_text(path.read_text("utf-8").replace("Hello, Ada here.", text), "utf-8")
    capsys.readouterr()
    assert check_personas([path]) == 0
    shown = capsys.readouterr().out
    assert ("somebody who was never here. Put it under greetings_again." in shown) is hint


def test_check_advises_on_contrast_and_voices_without_failing(
    themes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new_persona("Ada")
    path = themes / "ada.toml"
    text = path.read_text("utf-8").replace("#7cc7ff", "#202020").replace("am_mich", "am_mitch")
    path.write_text(text, "utf-8")
    capsys.readouterr()
    assert check_personas([themes]) == 0
    shown = capsys.readouterr().out
    assert "primary on background has a contrast of" in shown
    assert 'Did you mean "am_michael"?' in shown


def test_check_of_a_missing_file_says_so(themes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_personas([themes / "nobody.toml"]) == 1
    assert "no such file" in capsys.readouterr().out
