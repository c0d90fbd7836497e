"""KittenTTS nano (KittenML, Apache-2.0): eight voices in 24 MB, on onnxruntime.

Its own package phonemises with a program that is GPL and is not needed here: the model was trained
on American phonemes in the alphabet of the International Phonetic Association, and those that
Kokoro reads are a shorthand of these. The input is that of StyleTTS 2 (Li et al. 2023): symbols
[1, n + 2] framed by zeros, a style vector [1, 256] and a speed.
"""

from __future__ import annotations

import threading
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade import onnx
from assistant.backends.cascade.synthesis.engines import hub_voices
from assistant.backends.cascade.synthesis.engines.casting import EngineVoice, Sex, cast
from assistant.backends.cascade.synthesis.engines.running import StoppableSession, told_as_failure
from assistant.backends.cascade.synthesis.g2p import VERSION as G2P_VERSION
from assistant.backends.cascade.synthesis.g2p import phonemes, pieces
from assistant.backends.cascade.synthesis.kokoro import trim
from assistant.backends.cascade.synthesis.speech_engine import Cancellation
from assistant.frames import VoiceSpec

MODEL, VOICES = "kitten_tts_nano_v0_1.onnx", "voices.npz"
SYMBOLS = (
    "$"
    ';:,.!?¡¿—…"«»"" '
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    "ɑɐɒæɓʙβɔɕçɗɖðʤəɘɚɛɜɝɞɟʄɡɠɢʛɦɧħɥʜɨɪʝɭɬɫɮʟɱɯɰŋɳɲɴøɵɸθœɶʘɹɺɾɻʀʁɽʂʃʈʧʉʊʋⱱʌɣɤʍχʎʏʑʐʒʔʡʕʢǀǁǂǃ"
    "ˈˌːˑʼʴʰʱʲʷˠˤ˞↓↑→↗↘'̩'ᵻ"
)
"""The model's alphabet, in its order; of a symbol that is there twice the last place counts."""
_IPA = str.maketrans({
    "A": "eɪ", "I": "aɪ", "O": "oʊ", "Q": "əʊ", "W": "aʊ", "Y": "ɔɪ", "ʤ": "dʒ", "ʧ": "tʃ",
    "ᵊ": "ə", "T": "ɾ",
})  # fmt: skip
"""Kokoro's shorthand (misaki's) for diphthongs and affricates."""
_LONG = (("ɜɹ", "ɜː"), ("əɹ", "ɚ"), ("i", "iː"), ("u", "uː"), ("ɑ", "ɑː"), ("ɔ", "ɔː"))
"""What is written long, or as one vowel, in the phonemes that the model was trained on."""
_SEPARATED = frozenset(';:,.!?¡¿—…"«»')

_SEXES: tuple[Sex, Sex] = ("m", "f")
_KITTENS = tuple(
    EngineVoice(f"expr-voice-{number}-{sex}", sex) for number in range(2, 6) for sex in _SEXES
)


class KittenEngine:
    """A `SpeechEngine`."""

    label = "kitten-tts nano"

    def __init__(self, *, threads: int = 0, voice: str | None = None) -> None:
        """`voice`: the one that all personas speak with.

        Raises `BackendError` where the weights have to be pulled or cannot be read.
        """
        folder = hub_voices.find(hub_voices.KITTEN)
        self._symbols = {symbol: at for at, symbol in enumerate(SYMBOLS)}
        self._styles = _read_styles(folder / VOICES)
        self._voices = [each for each in _KITTENS if each.name in self._styles]
        if not self._voices or (voice is not None and voice not in self._styles):
            raise BackendError(
                f'There is no voice "{voice}" of KittenTTS.', f"Use: {', '.join(self._styles)}."
            )
        self._fixed = voice
        self._lock = threading.Lock()
        try:
            self._session = StoppableSession(onnx.open_session(folder / MODEL, threads))
        except Exception as error:
            raise BackendError(
                f"The voice model {folder / MODEL} cannot be read: {error}",
                "assistant models remove kitten, then assistant models pull kitten",
            ) from error
        size = (folder / MODEL).stat().st_size
        self.version = f"kitten/{MODEL}-{size}/{G2P_VERSION}.1/{voice or ''}"

    def synthesize(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Float32:
        """See `SpeechEngine`."""
        name = self._fixed or cast("kitten", voice, self._voices).name
        parts = [np.zeros(0, np.float32)]
        for piece in pieces(phonemes(text)):
            inputs = {
                "input_ids": np.array([self.tokens(piece)], np.int64),
                "style": self._styles[name],
                "speed": np.array([rate], np.float32),
            }
            with self._lock, told_as_failure(cancellation):
                self._session.cancellation = cancellation
                sound = self._session.run(None, inputs)[0]
            parts.append(trim(np.nan_to_num(np.asarray(sound, np.float32).ravel())))
        return np.concatenate(parts)

    def tokens(self, sounds: str) -> list[int]:
        """The model's numbers for Kokoro's phonemes, framed by zeros."""
        spelled = in_ipa(sounds)
        known = [self._symbols[symbol] for symbol in spelled if symbol in self._symbols]
        return [0, *known, 0]


def in_ipa(sounds: str) -> str:
    """Kokoro's phonemes (American) as the model was taught them: every mark stands alone."""
    spelled = sounds.translate(_IPA)
    for short, long in _LONG:
        spelled = spelled.replace(short, long)
    apart = "".join(f" {each} " if each in _SEPARATED else each for each in spelled)
    return " ".join(apart.split())


def _read_styles(path: Path) -> dict[str, Any]:
    """Style vectors [1, 256], by voice."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: np.asarray(archive[name], np.float32) for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BackendError(
            f"{path} holds no voices: {error}",
            "assistant models remove kitten, then assistant models pull kitten",
        ) from error
