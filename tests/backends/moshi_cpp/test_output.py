"""What the program prints, cut anywhere, and why it ended."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.moshi_cpp.output import Complaints, Output, explained
from assistant.backends.moshi_cpp.weights import PUBLISHED

PRINTED = (
    'using device: "CUDA0"\r\nfound model path: /m/\r\nseed: 7\r\nloading...\r\n'
    "done loading. 2.1\r\nready\r\n Hello,<0xE2><0x82><0xAC> naïve</s> <3 you."
    "\n\ndevice memory delta: 12 MiB\n\nrun frames: 40\n"
).encode()


def taken(*pieces: bytes) -> tuple[list[str], str]:
    lines: list[str] = []
    words: list[str] = []
    output = Output(lines.append, words.append)
    for piece in pieces:
        output.take(piece)
    return lines, "".join(words)


@given(st.lists(st.integers(0, len(PRINTED)), max_size=30))
def test_lines_then_words_wherever_they_are_cut(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(PRINTED)]
    lines, words = taken(*(PRINTED[a:b] for a, b in itertools.pairwise(ends)))
    assert lines[-1] == "ready"
    assert lines[0] == 'using device: "CUDA0"'
    assert words == " Hello,€ naïve <3 you."


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_nonsense_stops_nothing(pieces: list[bytes]) -> None:
    taken(*pieces)
    taken(b"ready\n", *pieces)
    complaints = Complaints(lambda line: None)
    for piece in pieces:
        complaints.take(piece)
    complaints.take(b"", final=True)
    assert explained(1, complaints.text, "moshi-sts", "m", loading=True).message


def test_a_line_without_an_end_is_not_kept() -> None:
    output = Output(lambda line: None, lambda text: None)
    for _ in range(100):
        output.take(b"x" * 10_000)
    assert len(output._line) < 10_000


def test_the_end_of_what_it_complained_of_is_kept() -> None:
    told: list[str] = []
    complaints = Complaints(told.append, most=3)
    complaints.take(b"one\ntwo\nthr")
    complaints.take("ee\n\nfour\nfïve".encode()[:-3])
    complaints.take("fïve".encode()[2:], final=True)
    assert complaints.text == "three\nfour\nfïve"
    assert told == ["one", "two", "three", "four", "fïve"]


@pytest.mark.parametrize(
    ("said", "message", "remedy"),
    [
        ("error: failed to initialize CUDA9 backend.", "no device CUDA9", "assistant doctor"),
        ("error: could not find directory: /m/", "no folder /m/", "backend.moshi_cpp.model"),
        ("error: expected directory but found file: /m", "/m is a file", "moshi_cpp.model"),
        (
            'error: missing mimi file "/m/mimi.gguf"',
            "/m/mimi.gguf is missing (mimi)",
            "files again",
        ),
        ("error: failed to find a config.json", "no configuration", "files again"),
        ("error: reading config /m/config.json", "cannot be read", "files again"),
        ("error: mimi weights not found", "damaged, or of another kind", "files again"),
        ("gguf_init_from_reader: failed to read header", "damaged", "files again"),
        ("error: invalid quant q9", "no quantisation q9", "quantize"),
        ('error: failed to find voice file "NATF9"', "no voice NATF9", "moshi_cpp.voice"),
        ('error: unrecognized option "-p"', "knows no option -p", "newer release"),
        ("x: version `GLIBCXX_3.4.32' not found (required by x)", "newer system", "build it"),
        ("dyld: Library not loaded: @rpath/libSDL2.dylib", "libSDL2", "brew install"),
        ("Could not initialize SDL: Audio target 'disk' not available", "pipes", "disk driver"),
        ("Could not open audio: no such thing", "no sound: no such thing", "SDL2"),
        ("terminate called after throwing 'std::bad_alloc'", "not enough memory", "quantised"),
        ("ggml_vulkan: ErrorOutOfDeviceMemory", "not enough memory", "context_seconds"),
    ],
)
def test_its_words_are_understood(said: str, message: str, remedy: str) -> None:
    error = explained(1, f"hello\n{said}\n", "moshi-sts", "big", loading=True)
    assert message in error.message
    assert remedy in error.remedy
    assert "{" not in error.message + error.remedy


def test_damaged_downloads_are_to_be_downloaded_again() -> None:
    """A download that is here already would not be."""
    name = PUBLISHED[0].name
    remedy = explained(1, "error: mimi weights not found", "x", name, loading=True).remedy
    assert remedy == f"assistant models remove {name}, then assistant models pull {name}"


@pytest.mark.parametrize(
    ("code", "loading", "message"),
    [
        (-11, True, "SIGSEGV while it loaded big"),
        (255, True, "files are damaged, or of another kind"),
        (-11, False, "moshi-sts was ended by SIGSEGV"),
        (3, False, "exit code 3: something else"),
        (0, False, "ended by itself"),
        (-250, False, "signal 250"),
        (None, False, "moshi-sts ended"),
    ],
)
def test_how_it_ended_where_it_said_nothing_known(
    code: int | None, loading: bool, message: str
) -> None:
    error = explained(code, "something else", "moshi-sts", "big", loading=loading)
    assert message in error.message
    assert error.remedy
