"""The same questions, model and weights through pipecat's default pipeline, in a Python of its
own: `python -m benchmarks first-word --rival PYTHON`.

What it needs: `pip install 'pipecat-ai[silero,whisper,kokoro]'` in an environment beside ours. It
gets our Whisper weights, and our Kokoro's in the layout of `kokoro-onnx`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soxr  # type: ignore[import-untyped]

from assistant import locations
from assistant.audio.types import Float32
from assistant.backends.cascade import weights
from assistant.backends.cascade.synthesis.kokoro import join_model
from assistant.backends.cascade.weights_catalog import DEFAULT
from assistant.bench.report import Measurement
from assistant.frames import SAMPLE_RATE
from benchmarks.first_word import stand_in

_SCRIPT = Path(__file__).with_name("pipecat_pipeline.py")
_NEEDED = ("pipecat", "faster_whisper", "kokoro_onnx", "openai", "requests")
_RATE = 16_000
_VOICE = "af_heart"
_A_QUESTION = 60.0
"""Seconds that one may take at most, and the start."""


def missing(python: str) -> str | None:
    """Why nothing can be measured with this interpreter; None where all is there."""
    code = (
        "import sys,importlib.util as u;print(*(m for m in sys.argv[1:] if u.find_spec(m) is None))"
    )
    try:
        done = subprocess.run(
            [python, "-c", code, *_NEEDED], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"{python} cannot be started: {error}"
    return f"not installed there: {', '.join(done.stdout.split())}" if done.stdout.strip() else None


async def measure(
    python: str, questions: Sequence[Sequence[Float32]], folder: Path, seed: int, whisper: str
) -> list[Measurement]:
    """Milliseconds. `questions`: frames of 24 kHz each; `folder`: for files of this run."""
    lacking = await asyncio.to_thread(missing, python)
    if lacking is not None:
        return [Measurement("the same with pipecat", "ms", (), lacking)]
    files = await asyncio.to_thread(_files, questions, folder, whisper)
    async with stand_in.running(seed) as url:
        process = await asyncio.create_subprocess_exec(
            python, str(_SCRIPT), files[0], url, stand_in.MODEL, *files[1:], _VOICE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            cwd=folder,
        )  # fmt: skip
        try:
            turns = await _read(process, len(questions))
        finally:
            if process.returncode is None:
                process.kill()
            _, complaint = await process.communicate()
    note = f"{len(questions) - len(turns)} of {len(questions)} not answered"
    if not turns:
        last = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
        return [Measurement("the same with pipecat", "ms", (), last or note)]
    return rows(turns, note if len(turns) < len(questions) else "no device counted")


def rows(turns: Sequence[dict[str, float | None]], note: str) -> list[Measurement]:
    """The table's part for pipecat."""

    def stage(kind: str, after: str | None = None) -> tuple[float, ...]:
        found = ((turn[kind], turn[after] if after else 0.0) for turn in turns)
        return tuple(1000 * (a - b) for a, b in found if a is not None and b is not None)

    return [
        Measurement("pipecat: end of speech → first sample", "ms", stage("sound"), note),
        Measurement("  wait and transcription", "ms", stage("transcription")),
        Measurement("  → first token", "ms", stage("token", "transcription")),
        Measurement("  → first sound", "ms", stage("sound", "token")),
    ]


def compared(ours: Measurement, theirs: Measurement) -> Measurement:
    """How ours compares, at the median and at the 95th percentile."""
    if not ours.values or not theirs.values:
        return Measurement("ours / pipecat", "×", ())
    ratios = {q: ours.percentile(q) / theirs.percentile(q) for q in (50, 95)}
    note = f"p95: {ratios[95]:.2f} ×; aim: p50 ≤ 0.5 ×"
    return Measurement("ours / pipecat", "×", (ratios[50],), note)


def _files(questions: Sequence[Sequence[Float32]], folder: Path, whisper: str) -> list[str]:
    """Questions, Whisper's folder, Kokoro's model and voices, as pipecat wants them."""
    sounds = {f"{at:03}": _int16(frames) for at, frames in enumerate(questions)}
    np.savez(folder / "questions.npz", **sounds)  # type: ignore[arg-type]
    with np.load(locations.assets_dir() / "kokoro" / "voices_en.npz") as archive:
        np.savez(folder / "voices.npz", **{_VOICE: archive[_VOICE].reshape(-1, 1, 256)})
    found = weights.find(DEFAULT if whisper == "auto" else whisper)
    paths = (folder / "questions.npz", found.folder, join_model(), folder / "voices.npz")
    return [str(path) for path in paths]


def _int16(frames: Sequence[Float32]) -> np.ndarray[tuple[int, ...], np.dtype[np.int16]]:
    sound = soxr.resample(np.concatenate(frames), SAMPLE_RATE, _RATE)
    return np.asarray(np.round(np.clip(sound, -1, 1) * 32767), np.int16)


async def _read(process: asyncio.subprocess.Process, count: int) -> list[dict[str, float | None]]:
    """What came, as far as it came; those without any sound are left out."""
    assert process.stdout is not None
    turns: list[dict[str, float | None]] = []
    for _ in range(count + 1):
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _A_QUESTION)
        except TimeoutError:
            break
        if not line:
            break
        told = json.loads(line)
        if told.get("sound") is not None:
            turns.append(told)
    return turns
