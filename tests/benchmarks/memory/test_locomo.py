"""Conversations somebody brings to measure with, and what the measurement says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from assistant.locations import memory_dir
from assistant.memory.base import MemoryFailure
from assistant.memory.retrieval.embedding import load_embedder
from benchmarks.__main__ import app
from benchmarks.memory.locomo import _sample, load_samples
from benchmarks.memory.retrieval import bench_memory, measure_recall
from benchmarks.memory.scale import measure_scale

DATA = Path(__file__).parent / "data"


def test_our_own_conversations_are_read_whole() -> None:
    samples = load_samples(DATA)
    assert [sample.name for sample in samples] == ["ines-wilbur", "mara-theo", "nadia-sol"]
    assert [sum(len(j.turns) for j in s.journals) for s in samples] == [64, 63, 63]
    assert [len(s.questions) for s in samples] == [17, 20, 15]
    assert [s.left_out for s in samples] == [0, 0, 2]
    first = samples[1].journals[0]
    assert first.began.isoformat() == "2025-03-04T09:12:00+00:00"
    assert (first.turns[1].name, first.turns[1].side) == ("Theo", "agent")


def test_evidence_is_understood_however_it_is_written() -> None:
    said = [{"speaker": "A", "dia_id": f"D1:{n}", "text": f"{n}"} for n in range(1, 9)]
    written: list[Any] = [
        ["D1:6; D1:7"], ["D1:06"], "D1:2", ["D1:1", "D1:1"], ["D:1:3"], ["D1:8,D1:2"],
    ]  # fmt: skip
    entry = {
        "speaker_a": "A",
        "session_1": said,
        "qa": [{"question": "?", "evidence": e, "category": 4} for e in written],
    }
    found = [question.evidence for question in _sample("s", entry).questions]
    ends = [tuple(id.rpartition("#")[2] for id in ids) for ids in found]
    assert ends == [("6", "7"), ("6",), ("2",), ("1",), ("3",), ("8", "2")]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('{"session_%s": [{"text": "Hi"}]}' % ("1" * 5000), False),
        ('{"session_1": [{"text": "Hi", "dia_id": "D%s:1"}]}' % ("1" * 5000), True),
        ('{"session_1": [{"text": "Hi"}], "qa": [{"question": "?", "evidence": ["%s:1"]}]}'
         % ("1" * 5000), True),
        ('{"session_1": [{"text": "Hi", "dia_id": %s}]}' % ("1" * 5000), False),
        ('{"session_1": [{"text": "Hi"}], "session_1_date_time": "%s:1 pm on 1 may 2000"}'
         % ("1" * 5000), True),
        ('{"session_1": [{"text": "Hi"}], "session_1_date_time": "11:59 pm on 31 december 9999"}',
         True),
        ('{"session_1": [{"text": NaN}, 1, null, [], {"text": {"a": true}}], "qa": {"a": 1}}',
         True),
        ("[" * 100_000, False),
        ("7", False),
        ("", False),
    ],
)  # fmt: skip
def test_numbers_and_shapes_past_all_bounds_are_read_or_told_with_the_file(
    tmp_path: Path, text: str, read: bool
) -> None:
    file = tmp_path / "odd.json"
    file.write_text(text)
    if read:
        assert [len(sample.journals) for sample in load_samples(file)] == [1]
    else:
        with pytest.raises(MemoryFailure, match=r"odd\.json"):
            load_samples(file)


def test_questions_about_turns_that_are_missing_are_left_out_and_counted() -> None:
    qa = [{"question": "?", "evidence": e} for e in (["D7:1"], [], None, ["nonsense"], 7)]
    sample = _sample("s", {"session_1": [{"speaker": "A", "text": "Hi"}], "qa": qa})
    assert (len(sample.questions), sample.left_out) == (0, 5)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["session_1", "session_1_date_time", "qa", "conversation", "evidence", "question",
             "text", "dia_id", "speaker", "speaker_a", "category"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["session_1", "qa", "conversation"]), json_values))
def test_whatever_a_file_holds_it_is_read_without_falling_over(entry: dict[str, Any]) -> None:
    _sample("s", entry)


def test_a_file_that_is_broken_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{\n"qa": oops}')
    with pytest.raises(MemoryFailure, match=r"bad\.json, line 2"):
        load_samples(tmp_path)


def test_a_folder_without_conversations_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text("[1, {}]")
    with pytest.raises(MemoryFailure, match="LOCOMO"):
        load_samples(tmp_path)


def test_our_own_questions_are_mostly_answered() -> None:
    """Three in four share no telling word with the turn that answers them: without vectors it is
    the words of the neighbours that find those, and fewer."""
    at_5, at_10 = (0.35, 0.5) if load_embedder() else (0.3, 0.4)
    recalls = measure_recall(load_samples(DATA))
    assert len(recalls.search_ms) == 52
    assert recalls.mean(5) > at_5
    assert recalls.mean(10) > at_10
    assert recalls.mean(10) >= recalls.mean(5)


def test_recall_is_the_share_of_a_questions_evidence(tmp_path: Path) -> None:
    said = [{"speaker": "A", "dia_id": "D1:1", "text": "A walrus sang."}]
    said += [{"speaker": "A", "dia_id": f"D1:{n}", "text": "Hm."} for n in range(2, 40)]
    qa = [{"question": "Which walrus?", "evidence": ["D1:1", "D1:9"], "category": 1}]
    (tmp_path / "one.json").write_text(json.dumps({"speaker_a": "B", "session_1": said, "qa": qa}))
    recalls = measure_recall(load_samples(tmp_path))
    assert recalls.mean(5) == recalls.mean(10, "several turns") == 0.5


def test_the_command_prints_recall_and_speeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert bench_memory(DATA, skip=("mara-theo",), json_output=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["recall"]["samples"] == ["ines-wilbur", "nadia-sol"]
    assert told["recall"]["categories"]["all"]["questions"] == 32
    assert bench_memory(DATA) == 0
    assert "R@10" in capsys.readouterr().out


def test_the_speeds_are_measured_at_any_size() -> None:
    rows = {row.name: row for row in measure_scale(30)}
    assert len(rows["rebuild"].values) > 1
    assert len(rows["adding a memory and its turn"].values) >= 50
    assert all(value > 0 for row in rows.values() for value in row.values)


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


def test_what_is_found_is_measured_on_conversations_of_ones_own(tmp_path: Path) -> None:
    sample = {
        "sample_id": "ours",
        "conversation": {
            "speaker_a": "Ada",
            "speaker_b": "Ben",
            "session_1_date_time": "1:00 pm on 8 May, 2023",
            "session_1": [
                {"speaker": "Ada", "dia_id": "D1:1", "text": "My parrot is called Picasso."},
                {"speaker": "Ben", "dia_id": "D1:2", "text": "I went sailing."},
            ],
        },
        "qa": [
            {"question": "Who went sailing?", "answer": "Ben", "evidence": ["D1:2"], "category": 4}
        ],
    }
    file = tmp_path / "ours.json"
    file.write_text(json.dumps([sample]))
    report = json.loads(run("memory", str(file), "--json").stdout)
    assert report["recall"]["categories"]["all"]["r@5"] == 1.0
    assert report["small_talk"]["turns"] == 1000
    assert run("memory", str(tmp_path / "nowhere.json")).exit_code == 1
    assert run("memory", str(file), "--skip", "ours").exit_code == 1
    assert not memory_dir().exists()
