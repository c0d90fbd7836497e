"""Are commands for a persona obeyed whoever says them, and nothing else?

Commands and ordinary sentences are rendered in voices that no persona has (Kokoro's, blended, and
the formant and diphone synthesis of espeak-ng and flite where they are installed), the names said
in several ways. Each is heard clean and with pink noise 10 dB under it, by the recogniser and the
intent router of the program. Recordings of people who say a name alone go behind a rendered
carrier. Two halves that share no voice, and hardly a way of saying a name.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from assistant.audio.resample import StreamResampler
from assistant.audio.types import Float32
from assistant.audio.wav import AudioFileError, WavReader
from assistant.backends.base import BackendError
from assistant.bench.report import Measurement
from assistant.config.schema import Config
from assistant.frames import SAMPLE_RATE, SpokenNames, VoiceSpec
from assistant.language.intents import IntentRouter
from assistant.language.spoken_names import words
from assistant.session.factory import find_personas
from benchmarks.turn_material import Booth, Half, pink, voiced

if TYPE_CHECKING:
    from assistant.backends.cascade.recognition.decode import Transcription

Engine = Literal["kokoro", "espeak-ng", "flite"]
Outcome = Literal["obeyed", "asked", "asked about another", "wrong", "nothing"]
OUTCOMES: tuple[Outcome, ...] = ("obeyed", "asked", "asked about another", "wrong", "nothing")

NOISY = 10.0
"""Decibels by which noise lies under the speech in the noisy condition."""
_HEARS = 16_000
"""Samples a second that recognition takes."""
_LEVEL = 10 ** (-26 / 20)
"""Root mean square of what is said."""
_ROOM = 10 ** (-70 / 20)
"""… and of the room around it, in the clean condition."""
_BEFORE, _AFTER = 0.4, 0.5
"""Seconds of the room around what is said."""
_JOIN = 0.06
"""Seconds between a rendered carrier and a recorded name."""

WAYS: dict[Half, dict[str, tuple[str, ...]]] = {
    "tuning": {
        "jarvis": ("Jarvis", "jar viss"),
        "glados": ("gladoss", "glad oss", "glay doss"),
        "hal": ("Hal", "hal nine thousand"),
        "tars": ("tarz", "tars"),
        "kitt": ("kit",),
        "c3po": ("see three pee oh", "c three p o"),
        "marvin": ("Marvin", "marvinn"),
        "dalek": ("dah leck", "dalleck", "the dah leck"),
        "cylon": ("sigh lon", "sigh lonn"),
        "samantha": ("Samantha",),
        "plain": ("plain",),
        "wren": ("wren",),
    },
    "reporting": {
        "jarvis": ("Jarvis", "jarviz"),
        "glados": ("glah-doss", "gladdos", "glaydos"),
        "hal": ("Hal", "hal nine thousand"),
        "tars": ("tarz", "tarss"),
        "kitt": ("kitt",),
        "c3po": ("threepio", "see three pea oh"),
        "marvin": ("Marvin", "mar vin"),
        "dalek": ("dah-leck", "dal eck", "dalek"),
        "cylon": ("sylon", "cy lonn"),
        "samantha": ("Samantha", "samann tha"),
        "plain": ("plain",),
        "wren": ("ren",),
    },
}
"""How people who read a name, or know it from a film, say it: spelled for a synthesiser."""

WORDINGS: dict[Half, tuple[str, ...]] = {
    "tuning": (
        "Change to {}.",
        "Switch to {}.",
        "I want to talk to {}.",
        "Change theme to {}.",
        "Can you switch to {}, please?",
        "Bring back {}.",
        "Become {}.",
        "Let me talk to {}.",
        "Change persona to {}.",
        "Activate {}.",
        "Turn into {}.",
    ),
    "reporting": (
        "Change persona to {}.",
        "Switch over to {}.",
        "Change to {}.",
        "Let me speak with {}.",
        "Please switch to {}.",
        "Bring in {}.",
        "I'd like to talk to {}.",
        "Could you become {}?",
        "Switch to {} now.",
        "Put on {}.",
        "Change the voice to {}.",
    ),
}

ALIKE: dict[Half, tuple[str, ...]] = {
    "tuning": (
        "Switch to channel four.",
        "Change to a different song.",
        "I want to talk to my doctor.",
        "Switch to task three.",
        "Turn into the driveway.",
        "Let me talk to Jessica.",
        "Activate the alarm.",
        "Bring back the car.",
        "Change to summer time.",
        "Become a teacher.",
        "I want to talk to Martin.",
        "Switch to the garden lights.",
        "Put on the kettle.",
        "Talk to Carlos about it.",
        "Change to dark mode.",
        "Bring up the hall light.",
        "Switch to German.",
        "I want to talk to Hannah.",
        "Change the plan for tomorrow.",
        "Switch to the other train.",
        "Load the dishwasher.",
        "Give me the car keys.",
    ),
    "reporting": (
        "Switch to the next channel.",
        "Change to a smaller font.",
        "I want to talk to my brother.",
        "Switch to winter tyres.",
        "Turn into the second street.",
        "Let me talk to Stephanie.",
        "Activate the heating.",
        "Bring back the books.",
        "Change to Central European time.",
        "Become a member.",
        "I'd like to talk to Karen.",
        "Switch to the kitchen lights.",
        "Put on some music.",
        "Speak to Daniel about it.",
        "Change to light mode.",
        "Bring in the washing.",
        "Switch to Italian.",
        "Let me speak with Allison.",
        "Change the tyres on Friday.",
        "Switch over to the radio.",
        "Load the truck.",
        "Put on a jacket.",
    ),
}
"""Sentences in the form of a command, for something that is no persona."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice, and the program that has it."""

    name: str
    engine: Engine
    voice: str = ""
    """As the engine calls it; empty for a blend."""
    rate: float = 1.0
    """Of speech: a factor, for espeak-ng words a minute."""
    blend: tuple[tuple[str, float], ...] = ()
    """Kokoro's voices and their weights."""


SPEAKERS: dict[Half, tuple[Speaker, ...]] = {
    "tuning": (
        Speaker("puck+nicole", "kokoro", blend=(("am_puck", 0.5), ("af_nicole", 0.5))),
        Speaker(
            "daniel+kore, quick", "kokoro", rate=1.2, blend=(("bm_daniel", 0.5), ("af_kore", 0.5))
        ),
        Speaker("American m3", "espeak-ng", "en-us+m3", 160),
        Speaker("British f2", "espeak-ng", "en-gb+f2", 145),
        Speaker("Lancaster", "espeak-ng", "en-gb-x-gbclan+m7", 150),
        Speaker("rms", "flite", "rms"),
        Speaker("kal16", "flite", "kal16"),
    ),
    "reporting": (
        Speaker("fable+puck", "kokoro", blend=(("bm_fable", 0.5), ("am_puck", 0.5))),
        Speaker(
            "emma+nicole, slow", "kokoro", rate=0.9, blend=(("bf_emma", 0.6), ("af_nicole", 0.4))
        ),
        Speaker("American f4", "espeak-ng", "en-us+f4", 150),
        Speaker("Scottish", "espeak-ng", "en-gb-scotland", 140),
        Speaker("Caribbean m5", "espeak-ng", "en-029+m5", 165),
        Speaker("slt", "flite", "slt"),
        Speaker("awb", "flite", "awb"),
    ),
}


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence of somebody's."""

    speaker: str
    text: str
    slug: str | None
    """The persona that is asked for; None where none is."""
    sound: Float32
    """float32 [n], 16 kHz mono, from the first voiced sample to the last."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of it, clean or in noise."""

    said: Said
    noisy: bool
    heard: Transcription
    outcome: Outcome


class Studio:
    """Renders with whatever is installed."""

    @cached_property
    def _booth(self) -> Booth:
        return Booth()

    def has(self, engine: Engine) -> bool:
        return engine == "kokoro" or shutil.which(engine) is not None

    def say(self, text: str, speaker: Speaker) -> Float32:
        """float32 [n], 16 kHz, from the first voiced sample to the last."""
        match speaker.engine:
            case "kokoro":
                voice = VoiceSpec(kokoro=dict(speaker.blend), speed=speaker.rate)
                return _resampled(self._booth.say(text, voice), SAMPLE_RATE, _HEARS)
            case "espeak-ng":
                options = ["-v", speaker.voice, "-s", f"{speaker.rate:.0f}", text]
                return _spoken_by("espeak-ng", *options, "-w")
            case "flite":
                return _spoken_by("flite", "-voice", speaker.voice, "-t", text, "-o")


def commands(half: Half, studio: Studio) -> Iterator[Said]:
    """Every way of saying every name in every voice of this half, the wordings in turn."""
    wordings = cycle(WORDINGS[half])
    for speaker in _installed(half, studio):
        for slug, ways in WAYS[half].items():
            for way in ways:
                text = next(wordings).format(way)
                yield Said(speaker.name, text, slug, studio.say(text, speaker))


def ordinary(half: Half, studio: Studio, count: int) -> Iterator[Said]:
    """`count` sentences of everyday, and all that are formed like a command, the voices in turn."""
    lines = files("benchmarks.talk").joinpath("ordinary.txt").read_text("utf-8").splitlines()
    told = [line for line in lines if line.strip() and not line.startswith("#")]
    told = told[0 if half == "tuning" else 1 :: 2][:count]
    speakers = _installed(half, studio)
    for number, text in enumerate([*ALIKE[half], *told]):
        speaker = speakers[number % len(speakers)]
        yield Said(speaker.name, text, None, studio.say(text, speaker))
    for text in ALIKE[half]:
        for speaker in speakers[1::2]:
            yield Said(speaker.name, text, None, studio.say(text, speaker))


def recorded(slug: str, folder: Path, half: Half, studio: Studio) -> Iterator[Said]:
    """Each WAV file of `folder`, somebody who says the name of `slug` and nothing else, behind a
    rendered carrier: every other file belongs to each half."""
    speakers = _installed(half, studio)
    paths = sorted(folder.glob("*.wav"))[0 if half == "tuning" else 1 :: 2]
    if not paths:
        raise BackendError(f"There are no WAV files in {folder}.", "Name a folder of recordings.")
    wordings = [w for w in WORDINGS[half] if w.rstrip(".?").endswith("{}")]
    for number, path in enumerate(paths):
        speaker, wording = speakers[number % len(speakers)], wordings[number % len(wordings)]
        carrier = wording.partition(" {}")[0]
        sound = [
            studio.say(carrier, speaker),
            np.zeros(int(_JOIN * _HEARS), np.float32),
            _read(path),
        ]
        joined = np.concatenate([_levelled(part) for part in sound])
        yield Said(f"recorded, {slug}", f"{carrier} | {path.name}", slug, joined)


def measure(
    config: Config,
    *,
    half: Half = "reporting",
    sentences: int = 100,
    recordings: Iterable[tuple[str, Path]] = (),
    tell: Callable[[Judged], None] = lambda judged: None,
) -> list[Measurement]:
    """Percent of commands obeyed, asked about and mistaken, by voice; and of other sentences.

    `recordings`: slugs of personas, each with a folder for `recorded`. `tell` is told each
    outcome. Raises `BackendError` where weights or recordings are missing.
    """
    from assistant.backends.cascade.recognition.choosing import load_recognizer

    studio = Studio()
    names = [persona.spoken_names() for persona in find_personas(config).loaded.values()]
    threads = config.backend.cascade.threads
    recognizer = load_recognizer(config.stt, threads, measure=False).recognizer
    listener = Listener(recognizer.transcribe, names)
    said = [*commands(half, studio), *ordinary(half, studio, sentences)]
    for slug, folder in recordings:
        said += recorded(slug, folder, half, studio)
    judged = []
    for number, each in enumerate(said):
        for noisy in (False, True):
            judged.append(listener.judge(each, noisy=noisy, seed=number))
            tell(judged[-1])
    return rows(judged)


def folders(options: Iterable[str]) -> list[tuple[str, Path]]:
    """ "jarvis=recordings/jarvis" → the persona's slug and the folder. Raises `BackendError` where
    there is no "="."""
    found = []
    for option in options:
        slug, equals, folder = option.partition("=")
        if not equals:
            raise BackendError(f'"{option}" names no folder.', "Write jarvis=FOLDER.")
        found.append((slug, Path(folder).expanduser()))
    return found


def tell(judged: Judged) -> None:
    """Print one sentence that came out otherwise than it should."""
    said = judged.said
    if judged.outcome != ("obeyed" if said.slug else "nothing"):
        condition = "in noise" if judged.noisy else "clean"
        told = f"{judged.outcome}: {said.text} ({said.speaker}, {condition})"
        print(f"{told} → {judged.heard.text!r}, {judged.heard.prompted!r}", file=sys.stderr)


class Listener:
    """The program's ears and its understanding of commands."""

    def __init__(self, transcribe: Callable[..., Transcription], names: list[SpokenNames]) -> None:
        from assistant.backends.cascade.recognition.names import NameHints

        self._router = IntentRouter(names)
        self._hints = NameHints(self._router)
        self._transcribe = transcribe

    def judge(self, said: Said, *, noisy: bool, seed: int = 0) -> Judged:
        """Hear one sentence and see what would be done."""
        heard = self._transcribe(in_room(said.sound, noisy=noisy, seed=seed), self._hints)
        return Judged(said, noisy, heard, self._outcome(said.slug, heard))

    def _outcome(self, slug: str | None, heard: Transcription) -> Outcome:
        intent = self._router.route(heard.text, heard.prompted)
        if intent is None:
            return "nothing"
        if intent.ask is not None:
            return "asked" if intent.ask == slug else "asked about another"
        if intent.call is None or intent.call.name != "change_theme":
            return "nothing"
        match = self._router.index.exact(words(intent.call.arguments["persona_name"]))
        return "obeyed" if match is not None and match.slug == slug else "wrong"


def in_room(sound: Float32, *, noisy: bool, seed: int = 0) -> Float32:
    """The sentence in a room: quiet, or with noise `NOISY` dB under it."""
    levelled = _levelled(sound)
    before, after = int(_BEFORE * _HEARS), int(_AFTER * _HEARS)
    room = pink(before + sound.size + after, np.random.default_rng(seed))
    level = _LEVEL * 10 ** (-NOISY / 20) if noisy else _ROOM
    return (np.pad(levelled, (before, after)) + level * room).astype(np.float32)


def rows(judged: Sequence[Judged]) -> list[Measurement]:
    """Shares by condition, and by voice within it."""
    found = []
    for noisy in (False, True):
        condition = f"{NOISY:.0f} dB of noise" if noisy else "clean"
        heard = [each for each in judged if each.noisy == noisy]
        asked_for = [each for each in heard if each.said.slug is not None]
        found += _shares(f"commands, {condition}", asked_for)
        for voice in dict.fromkeys(each.said.speaker for each in asked_for):
            own = [each for each in asked_for if each.said.speaker == voice]
            found += _shares(f"  {voice}", own)[:1]
        others = [each for each in heard if each.said.slug is None]
        found += _shares(f"other sentences, {condition}", others)[1:]
    return found


def _shares(name: str, judged: Sequence[Judged]) -> list[Measurement]:
    counts = {kind: sum(each.outcome == kind for each in judged) for kind in OUTCOMES}
    asked = counts["asked"] + counts["asked about another"]
    wanted = (("obeyed", counts["obeyed"]), ("asked", asked), ("wrong", counts["wrong"]))
    of = len(judged)
    return [
        Measurement(f"{name}: {kind}", "%", (100 * count / max(1, of),), f"{count} of {of}")
        for kind, count in wanted
    ]


def _installed(half: Half, studio: Studio) -> list[Speaker]:
    return [speaker for speaker in SPEAKERS[half] if studio.has(speaker.engine)]


def _spoken_by(*command: str) -> Float32:
    """What a program writes into the WAV file that its last option names."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run([*command, str(path)], capture_output=True, check=True)
        return _read(path)


def _read(path: Path) -> Float32:
    try:
        reader = WavReader(path)
    except AudioFileError as error:
        raise BackendError(error.message, error.remedy) from error
    try:
        sound = np.concatenate(list(reader.blocks()))
    finally:
        reader.close()
    return _speech(_resampled(sound, reader.format.rate, SAMPLE_RATE))


def _speech(sound: Float32) -> Float32:
    """24 kHz → 16 kHz, without the silence around it."""
    first, last = voiced(sound)
    return _resampled(sound[first:last], SAMPLE_RATE, _HEARS)


def _resampled(sound: Float32, rate: int, to: int) -> Float32:
    if rate == to:
        return sound
    resampler = StreamResampler(rate, to)
    return np.concatenate(
        [resampler.process(sound), resampler.process(np.zeros(0, np.float32), last=True)]
    )


def _levelled(sound: Float32) -> Float32:
    """Of equal loudness, as far as speech is concerned."""
    power = float(np.mean(np.square(sound, dtype=np.float64)))
    return (sound * (_LEVEL / np.sqrt(power)) if power else sound).astype(np.float32)
