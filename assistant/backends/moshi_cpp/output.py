"""What `moshi-sts` prints: lines until it is ready, then its words; and why it ended, in words.

From moshi.cpp's `tools/moshi-sts.cpp`: lines such as `using device: "CUDA0"` and `loading...`, then
`ready`, then each text token as it is made, "▁" as a space, without a line's end. Faults stand on
the standard error; the exit code is 1, or a signal's.
"""

from __future__ import annotations

import codecs
import re
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from assistant.backends.base import BackendError
from assistant.backends.moshi_cpp.launch import CANNOT_START
from assistant.backends.moshi_cpp.weights import published

READY = "ready"
_LONGEST_LINE = 4_096
"""Characters of a line before it is ready; what is longer is no line of its."""
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")
"""A token that stands for one byte of a character; the program prints its name."""
_CONTROL = re.compile(r"</?s>|<unk>|<pad>")
"""Tokens that say nothing."""
_BEGUN = re.compile(r"<[/0-9A-Za-z]{0,5}$")
"""Perhaps the beginning of one of these."""


class Output:
    """Bytes of its standard output in, in whatever pieces; lines and words out."""

    def __init__(self, on_line: Callable[[str], None], on_text: Callable[[str], None]) -> None:
        """`on_line` gets what it prints before `ready`, and that; `on_text` what the model says."""
        self._on_line = on_line
        self._on_text = on_text
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._line = ""
        self._speaks = False
        self._over = False
        self._words = _Words()

    def take(self, data: bytes) -> None:
        text = self._decoder.decode(data).replace("\r", "")
        while text and not self._speaks:
            line, ended, text = text.partition("\n")
            self._line = (self._line + line)[-_LONGEST_LINE:]
            if ended:
                line, self._line = self._line, ""
                self._speaks = line == READY
                self._on_line(line)
        if self._speaks and text and not self._over:
            # No token holds the end of a line: what follows one is its farewell, figures of speed.
            said, ended, _ = text.partition("\n")
            self._over = bool(ended)
            if words := self._words.take(said):
                self._on_text(words)


class _Words:
    """Puts bytes together that the program names one by one ("<0xC3><0xA9>"), and leaves out names
    of what is no text."""

    def __init__(self) -> None:
        self._begun = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")

    def take(self, text: str) -> str:
        text = self._begun + text
        begun = _BEGUN.search(text)
        self._begun = begun[0] if begun else ""
        text = _CONTROL.sub("", text[: begun.start()] if begun else text)
        return _BYTE.sub(lambda byte: self._decoder.decode(bytes([int(byte[1], 16)])), text)


class Complaints:
    """The end of what it said on its standard error, a line each."""

    def __init__(self, tell: Callable[[str], None], most: int = 40) -> None:
        """`tell` gets each line, for the log."""
        self._tell = tell
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""
        self._lines: deque[str] = deque(maxlen=most)

    def take(self, data: bytes, *, final: bool = False) -> None:
        *lines, self._rest = (self._rest + self._decoder.decode(data, final)).split("\n")
        if final or len(self._rest) > _LONGEST_LINE:
            lines, self._rest = [*lines, self._rest], ""
        for line in filter(None, map(str.strip, lines)):
            self._lines.append(line[:_LONGEST_LINE])
            self._tell(line[:_LONGEST_LINE])

    @property
    def text(self) -> str:
        return "\n".join(self._lines)


# Why it ended.


@dataclass(frozen=True, slots=True)
class _Fault:
    pattern: str
    """Of the program's words, or of those of the libraries it uses."""
    message: str
    """What is told; {0}, {1} … are the pattern's groups, {program} its name."""
    remedy: str = ""


_AGAIN = "{again}"
_MODEL = "Check backend.moshi_cpp.model; assistant models list shows what can be downloaded."
_BUILD = "Get a release for this machine, or build it here: assistant setup moshi-cpp explains how."
_DEVICE = (
    "assistant doctor lists its devices; then assistant config set backend.moshi_cpp.device NAME"
)
_MEMORY = (
    "A shorter backend.moshi_cpp.context_seconds or quantised weights (q4_k) need less; so does"
    " ending what else uses the graphics card."
)
_DISK = (
    "Its SDL was built without the disk driver. Let it use the system's SDL2 (Debian, Ubuntu:"
    " apt install libsdl2-2.0-0), which has it."
)
_FAULTS = (
    _Fault(
        r"error while loading shared libraries: (\S+?):",
        "{program} needs the library {0}, which is not on this machine",
        "Install it (libSDL2: the package libsdl2-2.0-0; libav…: FFmpeg 7), or keep the program"
        " in one folder with the libraries of its release.",
    ),
    _Fault(
        r"Library not loaded: (\S+)",
        "{program} needs the library {0}, which is not on this machine",
        "brew install sdl2 ffmpeg, or keep the program in one folder with its libraries.",
    ),
    _Fault(
        r"version .(GLIBC\w*_[\d.]+). not found", "{program} was built for a newer system", _BUILD
    ),
    _Fault(r"cannot be started: (.+)", "{program} cannot be started: {0}", _BUILD),
    _Fault(r"failed to initialize (.+) backend", "{program} has no device {0}", _DEVICE),
    _Fault(
        r"out of memory|ErrorOutOf\w+Memory|failed to allocate|bad_alloc",
        "there is not enough memory for the weights",
        _MEMORY,
    ),
    _Fault(r"could not find directory: (.+)", "there is no folder {0}", _MODEL),
    _Fault(
        r"expected directory but found file: (.+)",
        "{0} is a file, and the folder of a model is wanted",
        _MODEL,
    ),
    _Fault(
        r"failed to find a config\.json",
        "the folder of the weights has no configuration, and the program brought none",
        _AGAIN,
    ),
    _Fault(
        r"reading config|did not find expected json|empty file",
        "the configuration beside the weights cannot be read",
        _AGAIN,
    ),
    _Fault(r'missing (\w+) file "(.+)"', "the file {1} is missing ({0})", _AGAIN),
    _Fault(
        r'failed to find voice file "(.+)"',
        "there is no voice {0} beside the weights",
        "assistant config unset backend.moshi_cpp.voice, or name one that is there",
    ),
    _Fault(
        r"mimi weights not found|invalid magic|failed to (?:open|read) |tensor.+not found"
        r"|no tensor|wrong shape|gguf_init",
        "the weights cannot be read; they are damaged, or of another kind",
        _AGAIN,
    ),
    _Fault(
        r"(?:invalid|unknown) quant (\S+)",
        "{program} knows no quantisation {0}",
        "assistant config unset backend.moshi_cpp.quantize",
    ),
    _Fault(
        r"unrecognized option \"(.+?)\"",
        "this {program} knows no option {0}",
        "It is older than what is known here; get a newer release of moshi.cpp.",
    ),
    _Fault(r"Could not initialize SDL: .*not available", "{program} cannot use pipes", _DISK),
    _Fault(r"Could not (?:initialize SDL|open audio): (.+)", "{program} has no sound: {0}", _DISK),
)


def explained(
    code: int | None, said: str, program: str, model: str, *, loading: bool
) -> BackendError:
    """Why the program ended, by its exit code (negative: a signal; None: it was ended) and what it
    said on its standard error; `loading`: before it was ready."""
    for fault in _FAULTS:
        if found := re.search(fault.pattern, said):
            groups = [group or "" for group in found.groups()]
            names = {"program": program, "again": _again(model)}
            return BackendError(
                fault.message.format(*groups, **names), fault.remedy.format(*groups, **names)
            )
    how = _ended(code)
    if loading and code in _CRASHES:
        return BackendError(
            f"{program} {how} while it loaded {model}: its files are damaged, or of another kind",
            _again(model),
        )
    last = next((line for line in reversed(said.splitlines()) if line), "")
    reason = f": {_short(last)}" if last and code != CANNOT_START else ""
    return BackendError(f"{program} {how}{reason}", "The log holds what it said: assistant doctor")


_CRASHES = (255, *(-number for number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)))
"""How it ends, without a word, over weights that are cut off or of another shape."""


def _again(model: str) -> str:
    """How to get these weights anew."""
    if published(model) is None:
        return "Copy or download its files again, or choose others: assistant models list"
    return f"assistant models remove {model}, then assistant models pull {model}"


def _ended(code: int | None) -> str:
    if code is None:
        return "ended"
    if code < 0:
        try:
            return f"was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"was ended by signal {-code}"
    return "ended by itself" if code == 0 else f"ended with exit code {code}"


def _short(line: str) -> str:
    return line if len(line) <= 200 else f"{line[:199]}…"
