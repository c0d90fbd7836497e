"""Files in the layout of LOCOMO: samples, or one line about what is wrong."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from assistant.memory.base import MemoryFailure
from assistant.memory.retrieval.writing import rows_of
from benchmarks.memory.locomo import load_samples

NAME = "locomo"
_SAMPLE = {
    "sample_id": "conv-1",
    "conversation": {
        "speaker_a": "Ada",
        "speaker_b": "Grace",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            {"speaker": "Ada", "dia_id": "D1:1", "text": "My parrot is called Picasso."},
            {"speaker": "Grace", "dia_id": "D1:2", "text": "Oh!", "blip_caption": "a bird"},
        ],
    },
    "qa": [
        {"question": "Who is Picasso?", "answer": "a parrot", "category": 4, "evidence": ["D1:01"]},
        {"question": "When?", "category": 2, "evidence": "D1:1; D1:2"},
    ],
}
SEEDS = [
    json.dumps([_SAMPLE]).encode(),
    json.dumps(_SAMPLE, indent=1).encode(),
    json.dumps(_SAMPLE).replace("D1:1", "D" + "1" * 5000 + ":1").encode(),
    json.dumps(_SAMPLE).replace("session_1", "session_" + "1" * 5000).encode(),
    json.dumps(_SAMPLE).replace("1:56 pm on 8 May, 2023", "11:59 pm on 31 Dec, 9999").encode(),
    b'{"session_1": [{"speaker": NaN, "text": 1e999, "dia_id": ' + b"7" * 5000 + b"}]}",
    b"[" * 100_000,
    b'{"session_1": [null, 1, "x", {"text": {"a": [true]}}], "qa": {"question": 1}}',
]


def one(data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        file = Path(folder) / "sample.json"
        file.write_bytes(data)
        try:
            samples = load_samples(file)
        except MemoryFailure as failure:
            told, samples = failure.message, []
        else:
            told = "sample.json"
        assert "sample.json" in told, told
        for sample in samples:
            for journal in sample.journals:
                rows_of(journal)
