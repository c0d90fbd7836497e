"""What the named deliveries do to a voice, and what is still understood of it.

Each is rendered in the voice of every persona, beside the same sentences as the voice says them by
itself: rate and pitch as ratios, loudness as a difference, and the share of the words that the
packaged recogniser gives back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.bench.report import machine
from assistant.config.schema import Config
from assistant.frames import Prosody, VoiceSpec
from assistant.session.factory import find_personas

SENTENCES = (
    "There are twelve of us on this ship, and each of us has a different voice.",
    "I left the keys on the kitchen table, right beside the yellow bowl.",
    "Tomorrow morning the train to the coast will leave a little later than usual.",
)
LEAST_WORDS = 0.85
"""Share of the words that should come back, over all voices."""

Render = Callable[[str, VoiceSpec, Prosody], Float32]
Listen = Callable[[Float32], str]
"""From 24 kHz mono to words."""


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery, over all voices and sentences."""

    delivery: str
    rate: float
    """Times as fast as the voice by itself."""
    semitones: float | None
    """Median over the voices; None where there is no voice in it."""
    louder: float
    """LU."""
    peak: float
    """dBTP, the highest."""
    words: float
    """Share of words that came back."""
    usual: float
    """The same of the voices by themselves."""


def measure(
    voices: Mapping[str, VoiceSpec],
    deliveries: Mapping[str, Prosody],
    render: Render,
    listen: Listen,
    progress: Callable[[str], None] = lambda what: None,
) -> list[DeliveryRow]:
    """One row for each delivery."""
    from assistant.backends.cascade.synthesis.loudness import integrated_loudness, true_peaks

    plain, known = {}, {}
    for slug, voice in voices.items():
        progress(slug)
        for text in SENTENCES:
            sound = render(text, voice, Prosody())
            plain[slug, text] = sound
            known[slug, text] = words_back(text, listen(sound))
    rows = []
    for name, prosody in deliveries.items():
        progress(name)
        rates, pitches, louder, peaks, words = [], [], [], [], []
        for (slug, text), usual in plain.items():
            sound = render(text, voices[slug], prosody)
            rates.append(len(usual) / len(sound))
            pitches.append(pitch_apart(usual, sound))
            louder.append(integrated_loudness(sound) - integrated_loudness(usual))
            peaks.append(20 * np.log10(max(true_peaks(sound).max(initial=0.0), 1e-6)))
            words.append(words_back(text, listen(sound)))
        heard = [pitch for pitch in pitches if pitch is not None]
        rows.append(
            DeliveryRow(
                name,
                float(np.median(rates)),
                float(np.median(heard)) if len(heard) > len(pitches) / 2 else None,
                float(np.median(louder)),
                float(max(peaks)),
                float(np.mean(words)),
                float(np.mean(list(known.values()))),
            )
        )
    return rows


def pitch_apart(usual: Float32, sound: Float32) -> float | None:
    """Semitones between the medians of two sounds' pitches; None where one has no voice in it."""
    from assistant.backends.cascade.synthesis.retune import track_pitch

    tracks = [track_pitch(each) for each in (usual, sound)]
    if any((track > 0).mean() < 0.15 for track in tracks):
        return None
    one, other = (float(np.median(track[track > 0])) for track in tracks)
    return float(12 * np.log2(other / one))


def words_back(text: str, heard: str) -> float:
    """Share of the words of `text` that are in `heard`, in order."""
    said, back = (
        re.findall(r"[a-z']+", each.lower().replace("12", "twelve")) for each in (text, heard)
    )
    blocks = SequenceMatcher(None, said, back, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(said)


def deliveries_command(
    config: Config, persona: str | None = None, *, json_output: bool = False
) -> int:
    """Print the table, for all personas or for the one of this slug; returns 1 where a delivery is
    not understood. Raises `ConfigError` where there is no such persona."""
    from rich.text import Text

    from assistant.commands.tables import console
    from assistant.language.delivery.named import DELIVERIES

    log = console(stderr=True)
    if persona is not None:
        config.session.persona = persona
    everyone = find_personas(config).loaded
    chosen = [everyone[config.session.persona]] if persona is not None else everyone.values()
    voices = {each.name: each.voice.spec() for each in chosen}
    deliveries = {name: each.prosody for name, each in DELIVERIES.items()}
    try:
        render, listen = _engines(config)
    except BackendError as error:
        log.print(f"{error.message} {error.remedy}", style="red")
        return 1
    with log.status("") as status:
        rows = measure(voices, deliveries, render, listen, lambda what: status.update(Text(what)))
    if json_output:
        print(json.dumps({"bench": "deliveries", "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        _print(rows)
    lost = [row.delivery for row in rows if row.words < LEAST_WORDS]
    for name in lost:
        log.print(f"{name}: fewer than {LEAST_WORDS:.0%} of the words come back", style="red")
    return 1 if lost else 0


def _engines(config: Config) -> tuple[Render, Listen]:
    from assistant.audio.resample import StreamResampler
    from assistant.backends.cascade.recognition.stt import Recognizer
    from assistant.backends.cascade.synthesis import tts

    engine = tts.load_engine(config.backend.cascade.voice_engine)
    recogniser = Recognizer.load("packaged:tiny.en")

    def render(text: str, voice: VoiceSpec, prosody: Prosody) -> Float32:
        return tts.render(engine, text, voice, prosody=prosody)

    def listen(sound: Float32) -> str:
        return recogniser.transcribe(StreamResampler(24_000, 16_000).process(sound, last=True)).text

    return render, listen


def _print(rows: list[DeliveryRow]) -> None:
    from rich.table import Table

    from assistant.commands.tables import console

    table = Table(title=f"deliveries · {machine()}", title_justify="left")
    for column in ("delivery", "rate", "semitones", "LU", "peak, dBTP", "words back"):
        table.add_column(column, justify="left" if column == "delivery" else "right")
    for row in rows:
        pitch = "no voice" if row.semitones is None else f"{row.semitones:+.1f}"
        table.add_row(
            row.delivery,
            f"{row.rate:.2f}",
            pitch,
            f"{row.louder:+.1f}",
            f"{row.peak:.1f}",
            f"{row.words:.0%}",
        )
    out = console()
    out.print(table)
    if rows:
        out.print(f"{rows[0].usual:.0%} of the words of the voices by themselves come back")
