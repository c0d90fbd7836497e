"""`python -m benchmarks memory`: what the index finds, and how fast.

Evidence recall@k is the share of a question's evidence turns that are among the first k found,
averaged over the questions. Every conversation has an index of its own, as every user has.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean

from assistant.bench.report import Measurement, machine, print_rows, row_data
from assistant.memory.base import MemoryFailure
from assistant.memory.retrieval.index import SqliteIndex
from assistant.memory.retrieval.ranking import DEFAULT_WEIGHTS, Weights
from benchmarks.memory.locomo import LocomoSample, load_samples
from benchmarks.memory.talk import measure_small_talk

KS = (5, 10)


@dataclass(slots=True)
class Recalls:
    """Evidence recall@k of each question, by category; "all" holds every one."""

    values: dict[str, dict[int, list[float]]] = field(
        default_factory=lambda: defaultdict(lambda: {k: [] for k in KS})
    )
    search_ms: list[float] = field(default_factory=list)
    left_out: int = 0
    samples: list[str] = field(default_factory=list)

    def mean(self, k: int, category: str = "all") -> float:
        return fmean(self.values[category][k])


def bench_memory(
    path: Path | None,
    *,
    scale: int = 0,
    skip: Collection[str] = (),
    json_output: bool = False,
) -> int:
    """Print evidence recall on the conversations of `path`, with `scale` the speeds with so many
    memories, and what is made of small talk; returns the exit code. `skip`: names of samples to
    leave out.

    Raises `MemoryFailure` where `path` holds no conversations.
    """
    recalls = None
    if path is not None:
        samples = [sample for sample in load_samples(path) if sample.name not in skip]
        if not samples:
            raise MemoryFailure("no conversation is left to ask about", "Skip fewer of them.")
        recalls = measure_recall(samples)
    rows: list[Measurement] = []
    if recalls is not None:
        rows.append(
            Measurement("search", "ms", tuple(recalls.search_ms), "in the conversations given")
        )
    if scale:
        from benchmarks.memory.scale import measure_scale

        rows += measure_scale(scale)
    talk = measure_small_talk()
    if json_output:
        talk_data = {**asdict(talk), "junk_share": talk.junk_share, "recall": talk.recall}
        data: dict[str, object] = {
            "bench": "memory",
            "machine": machine(),
            "rows": [row_data(row) for row in rows],
        }
        data["small_talk"] = talk_data
        print(json.dumps(data | ({"recall": recall_data(recalls)} if recalls else {}), indent=2))
        return 0
    if recalls is not None:
        _print_recalls(recalls)
    if rows:
        print_rows("memory", rows, as_json=False)
    print("\n".join(talk.lines()))
    return 0


def measure_recall(samples: Sequence[LocomoSample], weights: Weights = DEFAULT_WEIGHTS) -> Recalls:
    """Ask every question of its own conversation."""
    recalls = Recalls()
    for sample in samples:
        recalls.samples.append(sample.name)
        recalls.left_out += sample.left_out
        index = SqliteIndex(None, weights=weights)
        index.rebuild(sample.journals)
        index.search("warm up")
        for question in sample.questions:
            began = time.perf_counter()
            found = [hit.id for hit in index.search(question.text, limit=max(KS))]
            recalls.search_ms.append((time.perf_counter() - began) * 1e3)
            for k in KS:
                recall = len(set(found[:k]) & set(question.evidence)) / len(question.evidence)
                recalls.values[question.category][k].append(recall)
                recalls.values["all"][k].append(recall)
        index.close()
    return recalls


def recall_data(recalls: Recalls) -> dict[str, object]:
    """For JSON."""
    return {
        "samples": recalls.samples,
        "left_out": recalls.left_out,
        "categories": {
            category: {"questions": len(by_k[KS[0]]), **{f"r@{k}": fmean(by_k[k]) for k in KS}}
            for category, by_k in sorted(recalls.values.items())
        },
    }


def _print_recalls(recalls: Recalls) -> None:
    from rich.table import Table

    from assistant.commands.tables import console

    table = Table(title=f"evidence recall · {', '.join(recalls.samples)}", title_justify="left")
    table.add_column("questions about")
    for column in ("n", *(f"R@{k}" for k in KS)):
        table.add_column(column, justify="right")
    for category, by_k in sorted(recalls.values.items(), key=lambda item: item[0] == "all"):
        shares = [f"{fmean(by_k[k]):.3f}" for k in KS]
        table.add_row(category, str(len(by_k[KS[0]])), *shares, end_section=category != "all")
    out = console()
    out.print(table)
    out.print(
        "Share of a question's evidence turns among the first k, averaged over questions; "
        f"{recalls.left_out} without evidence left out."
    )
