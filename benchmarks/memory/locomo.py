"""Reads conversations with questions in the layout of LOCOMO, as journals.

LOCOMO (Maharana et al. 2024, "Evaluating Very Long-Term Conversational Memory of LLM Agents",
ACL 2024) is CC BY-NC: whoever wants to measure with it brings it. A file holds one sample or a list
of them; a sample holds `speaker_a`, `speaker_b`, `session_N` (a list of `speaker`, `dia_id`,
`text`, perhaps `blip_caption`) and `session_N_date_time`, in a `conversation` or beside it, and in
`qa` the questions, each with the `evidence` (ids of turns) that answers it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assistant.language.lexicon import MONTHS
from assistant.memory.base import Journal, MemoryFailure, Turn

CATEGORIES = {1: "several turns", 2: "time", 3: "inference", 4: "one turn", 5: "unanswerable"}
"""What the paper (section 4.1) and its data call 1 to 5."""
_SESSION = re.compile(r"session_(\d{1,9})")
_EVIDENCE = re.compile(r"(?<!\d)(\d{1,9}):(\d{1,9})(?!\d)")
_TIME = re.compile(r"(?<!\d)(\d{1,2}):(\d{1,2}) ([ap])m on (\d{1,2}) (\w+),? (\d{4})")
_MONTH = {name: number for number, name in enumerate(MONTHS, 1)}


@dataclass(frozen=True, slots=True)
class LocomoQuestion:
    text: str
    category: str
    evidence: tuple[str, ...]
    """Ids of turns, as the index has them."""


@dataclass(slots=True)
class LocomoSample:
    """One pair of people over many sessions, and what is asked of them."""

    name: str
    journals: list[Journal] = field(default_factory=list)
    questions: list[LocomoQuestion] = field(default_factory=list)
    left_out: int = 0
    """Questions without evidence that can be found."""


def load_samples(path: Path) -> list[LocomoSample]:
    """From a file, or from every `*.json` of a folder and of those in it.

    Raises `MemoryFailure` where there is nothing to read, or what is there has another layout.
    """
    files = sorted(path.rglob("*.json")) if path.is_dir() else [path]
    samples = [sample for file in files for sample in _samples(file)]
    if not samples:
        raise MemoryFailure(
            f"{path} holds no conversations in the LOCOMO layout",
            "give a JSON file, or a folder of them, with `session_1` and `qa`",
        )
    return samples


def _samples(file: Path) -> Iterator[LocomoSample]:
    try:
        data = json.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise MemoryFailure(f"{file} cannot be read: {error}") from error
    except json.JSONDecodeError as error:
        raise MemoryFailure(
            f"{file}, line {error.lineno}: {error.msg}", "it has to be JSON"
        ) from error
    except (ValueError, RecursionError) as error:  # numbers and depths past what Python reads
        raise MemoryFailure(f"{file} cannot be read: {error}"[:300], "it has to be JSON") from error
    for number, entry in enumerate(data if isinstance(data, list) else [data], 1):
        if not isinstance(entry, dict):
            continue
        name = str(entry.get("sample_id") or (f"{file.stem}-{number}" if number > 1 else file.stem))
        try:
            sample = _sample(name, entry)
        except Exception as error:  # of a layout that nobody foresaw
            raise MemoryFailure(
                f"{file}, conversation {number}: is not understood ({error})"[:300],
                "it has to have the LOCOMO layout",
            ) from error
        if sample.journals:
            yield sample


def _sample(name: str, entry: dict[str, Any]) -> LocomoSample:
    nested = entry.get("conversation")
    conversation: dict[str, Any] = nested if isinstance(nested, dict) else entry
    sample = LocomoSample(name)
    ids: dict[tuple[int, int], str] = {}
    numbers = (int(m[1]) for key in conversation if (m := _SESSION.fullmatch(key)))
    for number in sorted(numbers):
        journal = _journal(f"{name}-{number:02}", number, conversation, ids)
        if journal.turns:
            sample.journals.append(journal)
    for question in _list(entry.get("qa")):
        if not isinstance(question, dict) or not question.get("question"):
            continue
        evidence = _evidence(question.get("evidence"), ids)
        if evidence:
            kind = question.get("category", "")
            category = CATEGORIES.get(kind, str(kind)) if isinstance(kind, int) else str(kind)
            sample.questions.append(LocomoQuestion(str(question["question"]), category, evidence))
        else:
            sample.left_out += 1
    return sample


def _journal(
    id: str, session: int, conversation: dict[str, Any], ids: dict[tuple[int, int], str]
) -> Journal:
    """`ids` is filled: session and turn to the index's id."""
    began = _time(str(conversation.get(f"session_{session}_date_time", "")))
    journal = Journal(id, began, persona="locomo", who=str(conversation.get("speaker_a", "")))
    for number, said in enumerate(_list(conversation.get(f"session_{session}")), 1):
        if not isinstance(said, dict):
            continue
        speaker = str(said.get("speaker", ""))
        text = " ".join(str(said[k]) for k in ("text", "blip_caption") if said.get(k))
        place = _EVIDENCE.search(str(said.get("dia_id", "")))
        ids[(int(place[1]), int(place[2])) if place else (session, number)] = f"{id}#{number}"
        side = "user" if speaker == journal.who else "agent"
        at = began + timedelta(seconds=10 * number) if began.year < 9999 else began
        journal.turns.append(Turn(number, "user" if side == "user" else "agent", speaker, text, at))
    return journal


def _evidence(value: object, ids: dict[tuple[int, int], str]) -> tuple[str, ...]:
    """Written as lists of "D8:6", as "D8:6; D9:17", with zeros ("D10:05"), or wrongly."""
    text = " ".join(str(part) for part in _list(value)) if isinstance(value, list) else str(value)
    places = [(int(m[1]), int(m[2])) for m in _EVIDENCE.finditer(text)]
    return tuple(dict.fromkeys(ids[place] for place in places if place in ids))


def _time(text: str) -> datetime:
    """Like "1:56 pm on 8 May, 2023"; the year 2000 where it is not."""
    found = _TIME.search(text.lower())
    if found and found[5] in _MONTH:
        hour = int(found[1]) % 12 + (12 if found[3] == "p" else 0)
        try:
            return datetime(
                int(found[6]), _MONTH[found[5]], int(found[4]), hour, int(found[2]), tzinfo=UTC
            )
        except ValueError:
            pass
    return datetime(2000, 1, 1, tzinfo=UTC)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
