"""What a person wrote about a folder of recordings is read, or told with its line."""

from __future__ import annotations

import csv
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benchmarks.ears.manifest import ClipEvents, ManifestError, half_of, read_events, read_manifest

KINDS = ["speech", "laughter", "cough", "breath", "noise"]
LINE = st.text(st.characters(exclude_categories=["C"]), max_size=30).map(str.strip)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"")
    return tmp_path


def written(folder, text, name="manifest.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@given(
    action=st.from_regex(r"[a-z_]+(:[a-z]+)?", fullmatch=True) | st.just(""),
    kind=st.sampled_from(KINDS),
    over=st.booleans(),
    slots=st.dictionaries(st.text(max_size=5), LINE, max_size=3),
)
def test_events_are_read_as_they_were_written(action, kind, over, slots):
    parts = [f"kind={kind}", f"slots={json.dumps(slots)}"]
    parts += [f"action={action}"] if action else []
    parts += ["over=assistant"] if over else []
    assume(not set("{}") & set("".join([*slots, *slots.values()])))  # not part of the notation

    events = read_events("; ".join(parts))

    wanted = tuple(value for value in slots.values() if value)
    assert events == ClipEvents(action, kind, over, wanted)


@given(st.text())
def test_any_events_are_read_or_told_to_be_wrong(text):
    try:
        kind = read_events(text).kind
    except ValueError:
        return  # told, and nothing else is raised
    assert kind in KINDS


@given(text=LINE, speaker=LINE, note=LINE)
def test_texts_with_commas_and_quotes_come_through(tmp_path_factory, text, speaker, note):
    folder = tmp_path_factory.mktemp("ears")
    (folder / "a.wav").write_bytes(b"")
    with (folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerows([["note", "text", "file", "speaker"], [note, text, "a.wav", speaker]])

    (entry,) = read_manifest(folder)

    assert (entry.text, entry.speaker) == (text, speaker)
    assert entry.half == half_of(speaker or "a")


def test_a_line_of_json_says_the_same_as_a_row(folder):
    row = {"file": "a.wav", "text": "stop", "events": "over=assistant", "half": "tuning"}
    written(folder, json.dumps(row) + "\n\n", "manifest.jsonl")

    (entry,) = read_manifest(folder)

    assert (entry.text, entry.half, entry.events.over_assistant) == ("stop", "tuning", True)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("name,text\na.wav,hi\n", 1, "file"),
        ("file,text\na.wav,hi\nb.wav,ho\n", 3, "b.wav does not exist"),
        ("file,text\n,hi\n", 2, "no file"),
        ("file,events\na.wav,kind=sneeze\n", 2, "sneeze"),
        ("file,events\na.wav,over=radio\n", 2, "radio"),
        ("file,events\na.wav,laughter\n", 2, "laughter"),
        ("file,events\na.wav,kind=noise; kind=cough\n", 2, "twice"),
        ("file,events\na.wav,slots=[1]\n", 2, "slots"),
        ("file,half\na.wav,mine\n", 2, "mine"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_a_remedy(folder, text, line, told):
    with pytest.raises(ManifestError) as raised:
        read_manifest(written(folder, text))

    assert f"manifest.csv, line {line}:" in raised.value.message
    assert told in raised.value.message
    assert raised.value.remedy


@pytest.mark.parametrize("line", ["{", "[1]", '{"file": 3}', '"a.wav"'])
def test_broken_json_is_told_with_its_line(folder, line):
    written(folder, f'{{"file": "a.wav"}}\n{line}\n', "manifest.jsonl")

    with pytest.raises(ManifestError, match="line 2"):
        read_manifest(folder)


def test_a_folder_without_a_manifest_or_with_an_empty_one_is_told(folder):
    with pytest.raises(ManifestError, match=r"no manifest\.csv"):
        read_manifest(folder)
    with pytest.raises(ManifestError, match="names no recordings"):
        read_manifest(written(folder, "file,text\n"))


def test_latin_1_is_told_and_no_traceback(folder):
    (folder / "manifest.csv").write_bytes("file,text\na.wav,café\n".encode("latin-1"))

    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(folder)


def test_both_halves_have_speakers_and_nobody_is_in_both():
    halves = {f"speaker {n}": half_of(f"speaker {n}") for n in range(200)}

    assert 60 < list(halves.values()).count("tuning") < 140
    assert halves == {name: half_of(name) for name in halves}
