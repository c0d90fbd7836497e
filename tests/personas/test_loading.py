"""Persona files as people write them: broken, foreign, huge, half saved, or simply right."""

from __future__ import annotations

import asyncio
import os
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.config.toml_text import KeyLines
from assistant.personas.checks import advice_on
from assistant.personas.files import MAX_BYTES, read_persona, slug_of
from assistant.personas.loading import LoadedPersonas, PersonaFailure, load_personas, watch_personas
from assistant.personas.template import persona_template
from assistant.session.factory import startup_notices

GOOD = persona_template("Ada", {})
NO_TIMEOUT = 20


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of personas, empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "assistant" / "themes"
    folder.mkdir(parents=True)
    return folder


def the_failure(folder: Path) -> PersonaFailure:
    (failure,) = load_personas(folder).failed[:1]
    return failure


def write(folder: Path, text: str | bytes, name: str = "ada.toml") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# --- what loads -------------------------------------------------------------------------------


def test_the_users_personas_join_ours_at_the_end(user: Path) -> None:
    write(user, GOOD)
    found = load_personas()
    assert next(iter(found.loaded)) == "jarvis"
    assert list(found.loaded)[-1] == "ada"
    assert found.failed == []
    assert found.files["ada"] == user / "ada.toml"


def test_a_file_of_the_same_name_overrides_ours(user: Path) -> None:
    write(user, GOOD.replace("order = 100", "order = 0"), "hal.toml")
    found = load_personas()
    assert len(found.loaded) == 12
    assert found.loaded["hal"].name == "Ada"
    assert next(iter(found.loaded)) == "hal"


def test_a_broken_override_leaves_ours_in_place(user: Path) -> None:
    write(user, "name = 'HAL", "hal.toml")
    found = load_personas()
    assert found.loaded["hal"].name == "HAL 9000"
    assert [failure.path.name for failure in found.failed] == ["hal.toml"]


def test_lines_left_out_are_the_plain_ones_with_this_personas_name(user: Path) -> None:
    write(user, GOOD.replace("[lines]", '[lines]\njoke = ["Mine."]'))
    found = load_personas()
    ada, plain = found.loaded["ada"].lines, found.loaded["plain"].lines
    assert ada.joke == ["Mine."]
    assert ada.statement == plain.statement
    assert ada.address == ""
    assert "I'm already Ada." in ada.already_here
    assert "Plain" not in str(ada)


def test_an_override_of_the_plain_persona_may_leave_lines_out_too(user: Path) -> None:
    write(user, GOOD, "plain.toml")
    found = load_personas()
    assert found.loaded["plain"].name == "Ada"
    assert found.loaded["plain"].lines.not_understood


def test_a_mark_of_windows_editors_is_no_error(user: Path) -> None:
    write(user, b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert "ada" in load_personas(user).loaded


def test_files_of_editors_are_left_alone(user: Path) -> None:
    for name in (".ada.toml", "ada.toml~", "ada.toml.swp", "notes.txt"):
        write(user, "rubbish", name)
    (user / ".#ada.toml").symlink_to("nobody@nowhere")
    assert load_personas().failed == []


def test_a_missing_folder_is_an_empty_one(tmp_path: Path) -> None:
    found = load_personas(tmp_path / "none")
    assert found.loaded == {}
    assert "no persona was found" in found.failed[0].message


def test_a_voice_prompt_is_found_beside_its_file(user: Path) -> None:
    recording = write(user, b"RIFF", "ada.wav")
    write(user, GOOD.replace("[moshi]", '[moshi]\nvoice_prompt = "ada.wav"'))
    (ada,) = load_personas(user).loaded.values()
    assert ada.moshi.voice_prompt == str(recording)
    assert ada.prompt_for_backend().voice_prompt == str(recording)


def test_a_model_s_own_voice_is_named_without_a_file(user: Path) -> None:
    write(user, GOOD.replace("[moshi]", '[moshi]\nvoice_prompt = "NATF2"'))
    ada = load_personas(user).loaded["ada"]
    assert ada.prompt_for_backend().voice_prompt == "NATF2"


def test_each_of_ours_has_a_voice_of_its_own_for_a_model_that_takes_one() -> None:
    voices = [persona.moshi.voice_prompt for persona in load_personas().loaded.values()]
    assert len(set(voices)) == len(voices) == 12


# --- what does not, and what is said about it -------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message", "remedy"),
    [
        ("greetings =", "greeting =", 'unknown key "greeting"', 'Did you mean "greetings"?'),
        ("[colors]", "[colours]", 'unknown key "colours"', 'Did you mean "colors"?'),
        ("primary =", "primry =", 'unknown key "colors.primry"', 'Did you mean "primary"?'),
        ("order = 100", 'hello = ["x"]', 'unknown key "hello"', "in the table [lines]"),
        ("speed = 1.0", 'summary = "x"', 'unknown key "voice.summary"', "before any [table]"),
        ("order = 100", "zzz = 1", 'unknown key "zzz"', "Remove it"),
        ("order = 100", 'slug = "x"', 'unknown key "slug"', "file's name"),
        ("order = 100", "order = 1.5", '"order" must be a whole number', "It is 1.5"),
        ("speed = 1.0", "speed = 9.0", '"voice.speed": input should be', "Change it"),
        ("speed = 1.0", "speed = nan", '"voice.speed": input should be', "Change it"),
        ("aliases = []", 'aliases = "x"', '"aliases" must be a list', "It is 'x'"),
        ("aliases = []", 'aliases = ["x", 2]', 'item 2 of "aliases" must be a text', "It is 2"),
        ("aliases = []", 'aliases = ["?!"]', '"?!" cannot be spoken', "letters"),
        ("aliases = []", 'aliases = [""]', '"aliases" holds an empty text', "Remove"),
        ("#7cc7ff", "blue", '"colors.primary" is not a color', "#1a2b3c"),
        ("#7cc7ff", "#7cc7f", '"colors.primary" is not a color', "#1a2b3c"),
        ("dark = true", "dark = 5", '"colors.dark" must be true or false', "It is 5"),
        ('"●", "⬤"]', '"●"]', '"waveform.glyphs"', "Change"),
        ('"⬤"', '"🌕"', 'the glyph "🌕" is 2 cells wide', "one cell"),
        ('"⬤"', '""', 'the glyph "" is 0 cells wide', "one cell"),
        ("speed = 1.0", 'effect = "daleck"', 'no effect is called "daleck"', '"dalek"?'),
        ("order = 100", 'delivery = "dri"', 'no delivery is called "dri"', '"dry"?'),
        ("order = 100", 'delivery = "operatic"', 'no delivery is called "operatic"', "whispering"),
        ("am_michael = 1.0", "am_michael = -1", "weight", "0.5"),
        ("am_michael = 1.0", "am_michael = inf", "weight", "0.5"),
        ("am_michael = 1.0", "am_michael = 0", "all weights are 0", "at least one"),
        ('address = ""', 'time = ["{tim}"]', 'nothing fills {tim} in "lines.time"', "{time}"),
        ('greetings = ["Hello', 'greetings = ["{user}', "cannot stand in greetings", "whole"),
        ('name = "Ada"', 'name = "Ada\\u001b[2J"', "control character U+001B", "Remove"),
        ('name = "Ada"', 'name = "{time}"', "cannot be spoken", "letters"),
        ('name = "Ada"', 'name = "  "', "the name is empty", "Give"),
        ('kind = "rings"', 'kind = "iriss"', '"face.kind" cannot be "iriss"', '"iris"?'),
        ('kind = "rings"', "kind = 3", '"face.kind" must be a text', "3"),
        ('kind = "rings"', "colour = 3", 'unknown key "face.colour"', '"color"?'),
        ('kind = "rings"', 'color = "red"', '"face.color" is not a color', "#1a2b3c"),
        ('kind = "rings"', 'kind = "eye"\ncount = 3', "a count of 3", "1 to 2"),
        ('kind = "rings"', 'kind = "iris"\ncount = 3', "has no count", "Leave"),
        ('kind = "rings"', 'kind = "wave"\nshape = "bar"', 'cannot be "bar"', "Leave"),
        ('kind = "rings"', 'kind = "eye"\nshape = "bar"', 'cannot be "bar"', "round or"),
        ('kind = "rings"', "droop = 0.5", "cannot droop", "Leave"),
        ('kind = "rings"', 'kind = "eye"\nthickness = 2.0', "has no lines", "Leave"),
        ('kind = "rings"', "speed = 9.0", '"face.speed"', "Change"),
        ("[moshi]", '[moshi]\nvoice_prompt = "no.wav"', 'no recording "no.wav"', "WAV"),
        ("[moshi]", '[moshi]\nvoice_prompt = "\\u0000"', "control character", "Remove"),
        ("[moshi]", '[moshi]\nvoice_prompt = "/dev/zero"', "no recording", "WAV"),
        ('name = "Ada"', "name = Ada", "this is not TOML", "quotes"),
        ('name = "Ada"', 'name = "Ada', "this is not TOML", "quote"),
        ('name = "Ada"', 'name = "Ada"\nname = "Eve"', "this is not TOML", "twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_a_remedy(
    user: Path, old: str, new: str, message: str, remedy: str
) -> None:
    assert GOOD.count(old) >= 1
    text = GOOD.replace(old, new, 1)
    write(user, text)
    failure = the_failure(user)
    assert message in failure.message
    assert remedy in failure.remedy
    assert not failure.loaded
    changed = text[: GOOD.index(old)].count("\n") + 1
    assert failure.line in (changed, changed + 1)
    assert str(failure).startswith(f"ada.toml:{failure.line}: ")


def test_what_is_missing_is_named(user: Path) -> None:
    write(user, "name = 'Ada'\n[colors]\n")
    problems = read_persona(user / "ada.toml").problems
    told = {problem.message: problem for problem in problems}
    assert told['the key "summary" is missing'].remedy == "Add summary = … at the top."
    assert told['the table "prompt" is missing'].remedy == "Add a [prompt] table."
    assert told['the key "colors.accent" is missing'].line == 2
    assert len(load_personas(user).failed) - 1 == 1, "one a file, besides that nobody is there"
    assert "more)" in the_failure(user).message


EXCHANGES = """
[[exchanges]]
said = ["where is (the|your) ship"]
answers = ["In the bay.", "At anchor, {user}."]

[[exchanges]]
said = ["open [up] the hatch"]
answers = ["Never."]
why = ["Because."]
"""


def test_a_persona_may_have_a_world_of_its_own(user: Path) -> None:
    write(user, GOOD + EXCHANGES)
    found = load_personas(user)
    assert found.failed == []
    first, second = found.loaded["ada"].exchanges
    assert first.answers[1] == "At anchor, {user}."
    assert second.why == ["Because."]


@pytest.mark.parametrize(
    ("good", "bad", "message", "remedy"),
    [
        ("open [up]", "open [up", "[ that is never closed", "Put a ]"),
        ("open [up] the", "[open] [up]", "", ""),
        ("open [up] the hatch", "[please]", "may have no words left", "outside of […]"),
        ("open [up] the hatch", "open|shut", "| outside of ( )", "Write (a|b)"),
        ("open [up] the hatch", "open.*", "holds *", "plain words"),
        ("Never.", "It is {time}.", "nothing fills {time}", "Only {user}"),
        ('why = ["', 'wy = ["', 'unknown key "exchanges.wy"', 'Did you mean "why"?'),
        ('answers = ["Never."]\n', "", '"exchanges.answers" is missing', "[[exchanges]]"),
        ('answers = ["Never."]', "answers = []", "exchanges.answers", ""),
        ('["Never."]', '"Never."', "must be a list", ""),
    ],
)
def test_a_mistake_in_an_exchange_is_told_with_its_line(
    user: Path, good: str, bad: str, message: str, remedy: str
) -> None:
    text = GOOD + EXCHANGES.replace(good, bad)
    assert text != GOOD + EXCHANGES
    write(user, text)
    failed = load_personas(user).failed
    if not message:
        assert failed == []
        return
    second = text[: text.rindex("[[exchanges]]")].count("\n") + 1
    assert message in failed[0].message
    assert remedy in failed[0].remedy
    assert failed[0].line is not None
    assert second <= failed[0].line <= second + 3


def test_an_end_in_the_middle_of_a_value_points_at_the_last_line(user: Path) -> None:
    write(user, 'name = "Ada"\naliases = [\n  "a",\n')
    assert the_failure(user).line == 3


@pytest.mark.parametrize(
    ("data", "message", "line"),
    [
        (b"name = 'Ada'\nsummary = '\xe9'\n", "not UTF-8", 2),
        ("name = 'Ada'".encode("utf-16"), "UTF-16", None),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not UTF-8", 1),
        (b"\x00" * 100, "not TOML", 1),
        (b"a = " + b"[" * 20_000, "too deep", None),
        (b"a." * 20_000 + b"a = 1", "too deep", None),
        (b"[prompt]\nidentity = " + b"[" * 90 + b"]" * 90, "too deep", None),
        (b"a = " + b"9" * 5_000, "not TOML", None),
        (b"x" * (MAX_BYTES + 1), "too large", None),
    ],
)
def test_what_is_no_persona_file_at_all(
    user: Path, data: bytes, message: str, line: int | None
) -> None:
    write(user, data)
    failure = the_failure(user)
    assert message in failure.message
    assert failure.line == line
    assert failure.remedy


def test_a_huge_file_is_refused_unread(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(user, b"")
    os.truncate(path, 10 * 1024 * 1024)
    monkeypatch.setattr(Path, "open", lambda *args, **keys: pytest.fail("it was opened"))
    assert "10,240 KB is too large" in the_failure(user).message


@pytest.mark.parametrize("name", ["Ada.toml", "my ada.toml", "ädä.toml", "-ada.toml", "a.b.toml"])
def test_a_file_name_that_cannot_be_a_slug(user: Path, name: str) -> None:
    write(user, GOOD, name)
    failure = the_failure(user)
    assert "file name" in failure.message
    better = failure.remedy.split("to ")[1].split(".toml")[0]
    assert read_persona(write(user, GOOD, f"{better}.toml")).persona is not None


def test_a_folder_a_pipe_and_a_loop_are_no_files(user: Path) -> None:
    (user / "folder.toml").mkdir()
    (user / "loop.toml").symlink_to(user / "loop.toml")
    (user / "gone.toml").symlink_to(user / "nowhere")
    os.mkfifo(user / "pipe.toml")
    messages = {failure.path.stem: failure.message for failure in load_personas(user).failed}
    assert messages["folder"] == "this is a folder"
    assert messages["pipe"] == "this is not a plain file"
    assert "cannot be read" in messages["loop"]
    assert "cannot be read" in messages["gone"]


def test_a_file_that_may_not_be_read(user: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **keys: object) -> None:
        raise PermissionError(13, "Permission denied")

    write(user, GOOD)
    monkeypatch.setattr(Path, "open", refuse)
    assert the_failure(user).message == "cannot be read: permission denied"


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "x", "themes")
    failure = load_personas(tmp_path / "themes").failed[0]
    assert "cannot be read: not a directory" in failure.message


def test_an_odd_file_name_cannot_move_the_cursor(user: Path) -> None:
    write(user, GOOD, "a\x1b[2J.toml")
    assert the_failure(user).place.isprintable()


@pytest.mark.parametrize("key", ["name", "aliases", "said", "sounds_like"])
def test_a_name_somebody_has_already_is_a_warning_only(user: Path, key: str) -> None:
    text = {
        "name": GOOD.replace('name = "Ada"', 'name = "glad-OS"'),
        "aliases": GOOD.replace("aliases = []", 'aliases = ["Jarvis"]'),
        "said": GOOD.replace("said = []", 'said = ["jar-vis"]'),
        "sounds_like": GOOD.replace("sounds_like = []", 'sounds_like = ["tars"]'),
    }[key]
    write(user, text)
    found = load_personas()
    assert "ada" in found.loaded
    (failure,) = found.failed
    assert failure.loaded
    assert "already" in failure.message
    assert failure.line is not None
    assert text.splitlines()[failure.line - 1].startswith(key)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("HAL 9000", "hal-9000"), ("Zoë", "zoe"), ("C-3PO", "c-3po"), ("日本", ""), ("_a_", "a")],
)
def test_slugs_are_made_of_names(name: str, slug: str) -> None:
    assert slug_of(name) == slug


# --- whatever the bytes -----------------------------------------------------------------------

_QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
_SCALARS = (
    st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates() | st.times()
)
_KEYS = st.sampled_from(
    ["name", "greetings", "colors", "primary", "lines", "hello", "kokoro", "voice", "glyphs"]
)


@given(data=st.binary(max_size=300))
@_QUIET
def test_any_bytes_are_a_failure_and_never_an_exception(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = _folder(tmp_path_factory)
    write(folder, data)
    found = load_personas(folder)
    assert found.loaded == {}
    assert all(str(failure).isprintable() for failure in found.failed)


@given(at=st.integers(0, len(GOOD)), cut=st.integers(0, 40), insert=st.binary(max_size=12))
@_QUIET
def test_a_good_file_with_a_wound_loads_or_is_told(
    tmp_path_factory: pytest.TempPathFactory, at: int, cut: int, insert: bytes
) -> None:
    folder = _folder(tmp_path_factory)
    data = GOOD.encode()
    write(folder, data[:at] + insert + data[at + cut :])
    found = load_personas(folder)
    assert bool(found.loaded) != bool(found.failed)


@given(
    value=st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    key=st.sampled_from([*tomllib.loads(GOOD), "lines", "moshi", "nonsense"]),
)
@_QUIET
def test_any_value_under_any_key_loads_or_is_told(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    import tomlkit

    folder = _folder(tmp_path_factory)
    tables = {**tomllib.loads(GOOD), key: value}
    write(folder, tomlkit.dumps(tables).encode("utf-8", "replace"))
    found = load_personas(folder)
    assert bool(found.loaded) != bool(found.failed)


def _folder(factory: pytest.TempPathFactory) -> Path:
    folder = factory.getbasetemp() / "any"
    folder.mkdir(exist_ok=True)
    return folder


# --- while the program runs -------------------------------------------------------------------


class Watch:
    """`watch_personas` as a task; `until` waits for what it reports."""

    def __init__(self, *folders: Path) -> None:
        self._reports: asyncio.Queue[LoadedPersonas] = asyncio.Queue()
        self._task = asyncio.create_task(
            watch_personas(folders, on_change=self._reports.put_nowait, interval=0.02)
        )

    async def __aenter__(self) -> Watch:
        await asyncio.sleep(0.1)  # the first look, with nothing to compare it to
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._task.cancel()

    async def until(self, condition: Callable[[LoadedPersonas], bool]) -> LoadedPersonas:
        async with asyncio.timeout(NO_TIMEOUT):
            while True:
                report = await self._reports.get()
                if condition(report):
                    return report

    def nothing_reported(self) -> bool:
        return self._reports.empty()


async def test_a_persona_is_picked_up_while_running_changed_and_forgotten(user: Path) -> None:
    folder = user / "later"  # does not exist yet
    async with Watch(folder) as watch:
        folder.mkdir()
        path = write(folder, GOOD)
        await watch.until(lambda found: "ada" in found.loaded)
        write(folder, GOOD.replace("A persona of my own", "Changed"))
        await watch.until(lambda found: found.loaded["ada"].summary == "Changed")
        path.write_text("broken")
        report = await watch.until(lambda found: "ada" not in found.loaded)
        assert "not TOML" in report.failed[0].message
        path.unlink()
        await watch.until(lambda found: "no persona" in found.failed[0].message)


async def test_an_editor_that_replaces_the_file_is_noticed(user: Path) -> None:
    path = write(user, GOOD)
    times = path.stat()
    async with Watch(user) as watch:
        other = write(user, GOOD.replace('"Ada"', '"Eva"'), "ada.toml.new")
        os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))  # same size, same time
        other.replace(path)
        await watch.until(lambda found: found.loaded["ada"].name == "Eva")


async def test_nothing_is_reported_where_nothing_changed(user: Path) -> None:
    write(user, GOOD)
    async with Watch(user) as watch:
        write(user, "notes", "notes.txt")
        await asyncio.sleep(0.2)
        assert watch.nothing_reported()


def test_a_notice_names_each_broken_file_with_its_line_and_what_to_do(user: Path) -> None:
    for name in ("ada", "eve"):
        write(user, GOOD.replace('name = "Ada"', "name = Ada"), f"{name}.toml")
    [notice] = startup_notices(load_personas())
    for name in ("ada", "eve"):
        assert re.search(rf"{name}\.toml:\d+: this is not TOML: .*quotes", notice.text)
    assert "personas check" in notice.remedy
    for number in range(9):
        write(user, "name = 1", f"more{number}.toml")
    [notice] = startup_notices(load_personas())
    assert "and 6 more files" in notice.text


def test_what_cannot_be_seen_is_taken_out_of_a_persona(user: Path) -> None:
    write(user, GOOD.replace('name = "Ada"', 'name = "\\u202eAda\\u200b\\u2066 Lovelace"'))
    assert load_personas().loaded["ada"].name == "Ada Lovelace"


def test_a_name_of_letters_without_a_shape_is_no_name(user: Path) -> None:
    write(user, GOOD.replace('name = "Ada"', 'name = "\\u3164\\u200b"'))
    failure = the_failure(user)
    assert "name" in failure.message
    assert failure.line is not None


def test_a_line_with_a_delivery_that_is_unknown_is_loaded_and_told(tmp_path: Path) -> None:
    text = persona_template("Ada", {}).replace(
        'address = ""', 'address = ""\nhello = ["[delivery: sad] Hm.", "[delivery: sadd] Hm."]'
    )
    (tmp_path / "ada.toml").write_text(text, encoding="utf-8")
    persona = load_personas(tmp_path).loaded["ada"]
    told = [(each.message, each.remedy) for each in advice_on(persona, KeyLines(text))]
    assert told == [('no delivery is called "sadd"', 'Did you mean "sad"?')]
