"""What people say, with the pauses they make: the material of `python -m benchmarks turns`.

Two halves that share neither a sentence nor a voice: rules are tuned on one and reported on the
other. A bar marks the pause inside a turn; what stands before it is spoken by itself, as somebody
does who has yet to find the next word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE, VoiceSpec
from assistant.locations import cache_dir

Half = Literal["tuning", "reporting"]

COMPLETE = {
    "question": """
        What time is it?
        Who wrote the Odyssey?
        How far away is the moon?
        Is it going to rain tomorrow?
        Can you tell me a joke?
        What's the capital of Portugal?
        Where did I leave my glasses?
        Do you know who I am?
        Why is the sky blue?
        How many days are there in a leap year?
        What should I cook tonight?
        Which one is it?
        When does the library close?
        What are you looking at?
    """,
    "command": """
        Turn off the lights.
        Tell me a story.
        Play some music.
        Set a timer for ten minutes.
        Say that again, please.
        Remind me to call my mother.
        Open the second door.
        Add butter to the shopping list.
        Read me the news.
        Turn the volume down a little.
        Show me the weather.
        Give me a minute.
        Stop talking.
        Wake me at seven.
    """,
    "statement": """
        I had a long day.
        My brother lives in Canada.
        I don't think that's right.
        It was raining when I left the house.
        I'd like a cup of tea.
        You are funny.
        The train was late again this morning.
        I think I'll go to bed.
        We watched a film about whales yesterday.
        That's not what I meant.
        I finished the book last night.
        There is something wrong with my computer.
        I'm not sure about that.
        Nobody told me about it.
    """,
    "short": """
        Yes.
        Blue.
        About twenty minutes.
        No, thank you.
        Tomorrow.
        In the kitchen.
        Never mind.
        Two.
        Not really.
        Of course.
        Half past nine.
        Sure.
        Chess.
        I don't know.
    """,
}
"""Turns without a pause, by kind."""

PAUSED = {
    "filler": """
        Um, | what time is it?
        So, uh, | I wanted to ask you something.
        Well, um, | that depends on the weather.
        I'd like, uh, | a table for two.
        Can you, um, | tell me about whales?
        It was, uh, | about nine o'clock.
        Hmm, | let me see.
        You know, | I never liked that film.
        Okay, so, | here is my plan.
        Let me think, um, | maybe on Friday.
    """,
    "conjunction": """
        I like tea and | my wife likes coffee.
        I wanted to go out, but | it was raining.
        Call me when | you get home.
        I'm tired because | I didn't sleep.
        Turn off the lights and | close the door.
        We can go by train or | we can take the car.
        I will do it if | you help me.
        She said that | she would come.
        It's late, so | I should go.
        I read the book while | the others were asleep.
    """,
    "phrase": """
        I was thinking | about Paris.
        Remind me to | water the plants.
        What is the | capital of Norway?
        I would like to | learn the piano.
        Set a timer for | five minutes.
        Tell me about | the history of Rome.
        My favourite colour is | green.
        Who was the | first man on the moon?
        I live in | a small town by the sea.
        How do you say | good morning in Spanish?
        I'm looking for | a present for my sister.
        Can you play the | last song again?
        Do you remember the | name of that restaurant?
        Change to | the other voice.
        We went to a very | strange concert.
        I've been trying to | fix my bicycle.
    """,
    "list": """
        We need milk, eggs, | bread and butter.
        My number is five five five, | one two three four.
        Add apples, | pears and bananas.
        It costs twenty | five dollars.
        The code is seven, three, | nine, four.
        I've been to Spain, Italy, | and Greece.
        First, | boil the water.
        There are two reasons, | money and time.
        Her birthday is on the third | of October.
        Monday, Tuesday, | and maybe Thursday.
    """,
    "clause": """
        I went to the shop, | and then I bought some milk.
        I talked to my sister, | who lives in Berlin.
        Turn on the radio, | but not too loud.
        I think it's a good idea, | at least for now.
        We could go to the beach, | if the weather is fine.
        It's a nice house, | although the garden is small.
        I met a man yesterday, | he was from Chile.
        Tell me a story, | a short one.
        I have a question, | about the weather.
        I need a new phone, | because mine is broken.
    """,
}
"""Turns with a pause in the middle, by kind. "clause" is the hard one: what stands before the pause
is a whole sentence, and only its melody says that it goes on."""

VOICES: dict[Half, list[dict[str, float]]] = {
    "tuning": [
        {"bm_lewis": 0.5, "af_kore": 0.5},
        {"am_michael": 0.6, "bf_emma": 0.4},
        {"af_nicole": 0.3, "am_onyx": 0.7},
        {"af_kore": 0.5, "bm_fable": 0.5},
    ],
    "reporting": [
        {"am_puck": 0.5, "af_heart": 0.5},
        {"am_fenrir": 0.7, "af_heart": 0.3},
        {"bm_daniel": 0.4, "bf_emma": 0.6},
        {"am_puck": 0.3, "bm_george": 0.7},
    ],
}
"""Blends of Kokoro's voices. No persona has one of them."""
_RATES = (0.9, 1.0, 1.0, 1.15)
PAUSES = (0.3, 1.5)
"""Seconds of a pause inside a turn, the shortest and the longest."""
AFTER = 3.5
"""Seconds of silence after a turn: longer than anything waits."""
_BLOCK = SAMPLE_RATE // 100
_QUIET = 10 ** (-40 / 20)
"""Under this part of a piece's loudest 10 ms nobody is heard any more."""


@dataclass(frozen=True, slots=True)
class RecordedTurn:
    """One turn of somebody's, as sound, and where it ends."""

    name: str
    kind: str
    sound: Float32
    """float32 [n], 24 kHz mono, with silence before and after."""
    end: float
    """Seconds from the start to the last voiced sample."""
    goes_on: float | None
    """… to the first sample after the pause inside it; None where there is no such pause."""


def sentences(half: Half) -> list[tuple[str, str]]:
    """Kind and text of every turn of this half, every other of its kind."""
    offset = 0 if half == "tuning" else 1
    found = [
        (kind, line.strip())
        for kind, lines in (COMPLETE | PAUSED).items()
        for line in lines.strip().splitlines()[offset::2]
    ]
    return found + _more() if half == "tuning" else found


def _more() -> list[tuple[str, str]]:
    """Kind and text of what rules are tuned on besides."""
    lines = files("benchmarks").joinpath("turn_sentences.txt").read_text("utf-8").splitlines()
    pairs = (line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    return [(kind, text) for kind, text in pairs]


def spoken(
    half: Half, seed: int, progress: Callable[[str], None] = lambda text: None
) -> list[RecordedTurn]:
    """Render this half: voices, rates, levels, noise and pauses drawn by `seed`.

    Minutes the first time; what was rendered is kept in the user's cache. `progress` is told each
    text before it is rendered.
    """
    dice = np.random.default_rng([seed, half == "tuning"])
    booth = Booth()
    turns = []
    for kind, text in sentences(half):
        progress(text)
        blend = VOICES[half][int(dice.integers(len(VOICES[half])))]
        voice = VoiceSpec(kokoro=blend, speed=float(dice.choice(_RATES)))
        pieces = [booth.say(piece.strip(), voice) for piece in text.split("|")]
        turns.append(_turn(text, kind, pieces, dice))
    return turns


class Booth:
    """Where the speakers stand: renders a piece, or fetches it from the cache."""

    def __init__(self) -> None:
        from assistant.backends.cascade.synthesis.tts import load_engine
        from assistant.backends.cascade.synthesis.voice_cache import VoiceCache

        self._engine = load_engine("kokoro")
        self._cache = VoiceCache(cache_dir() / "bench", 200)

    def say(self, text: str, voice: VoiceSpec) -> Float32:
        """float32 [n], 24 kHz, from the first voiced sample to the last.

        What ends without a mark is spoken as if it went on.
        """
        from assistant.backends.cascade.synthesis.tts import render

        text = text if text[-1] in ".?!," else f"{text},"
        key = self._cache.key(self._engine.version, text, voice, 1.0)
        sound = self._cache.get(key)
        if sound is None:
            sound = render(self._engine, text, voice)
            self._cache.put(key, sound)
        first, last = voiced(sound)
        return sound[first:last]


def voiced(sound: Float32) -> tuple[int, int]:
    """The first voiced sample of float32 [n] at 24 kHz, and the one after the last."""
    blocks = sound[: sound.size - sound.size % _BLOCK].reshape(-1, _BLOCK)
    level = np.sqrt(np.mean(blocks**2, axis=1))
    loud = np.flatnonzero(level > _QUIET * float(level.max(initial=0.0)))
    return (int(loud[0]) * _BLOCK, (int(loud[-1]) + 1) * _BLOCK) if loud.size else (0, 0)


def _turn(text: str, kind: str, pieces: list[Float32], dice: np.random.Generator) -> RecordedTurn:
    """Put the pieces after one another, in a room that is never quite silent."""
    lead, pause = dice.uniform(0.6, 1.0), dice.uniform(*PAUSES)
    level, noise = dice.uniform(-32, -18), dice.choice([-70.0, -60.0, -50.0])
    sound = np.concatenate(pieces)
    sound = sound * (10 ** (level / 20) / float(np.sqrt(np.mean(sound**2))))
    parts = [np.zeros(int(lead * SAMPLE_RATE), np.float32), sound[: pieces[0].size]]
    goes_on = None
    if len(pieces) > 1:
        parts += [np.zeros(int(pause * SAMPLE_RATE), np.float32), sound[pieces[0].size :]]
        goes_on = (sum(part.size for part in parts[:-1])) / SAMPLE_RATE
    end = sum(part.size for part in parts) / SAMPLE_RATE
    parts.append(np.zeros(int(AFTER * SAMPLE_RATE), np.float32))
    whole = np.concatenate(parts)
    room = pink(whole.size, dice) * 10 ** (noise / 20)
    return RecordedTurn(text, kind, np.clip(whole + room, -1, 1).astype(np.float32), end, goes_on)


def pink(samples: int, dice: np.random.Generator) -> Float32:
    """Noise of a room: float32 [samples], as much power in every octave, root mean square 1."""
    white = np.fft.rfft(dice.standard_normal(samples))
    noise = np.fft.irfft(white / np.sqrt(np.maximum(np.arange(white.size), 1)), samples)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)), np.float32)
