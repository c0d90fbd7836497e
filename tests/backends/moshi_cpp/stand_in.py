"""In place of moshi.cpp's `moshi-sts`: its command line, its checks and words, its threads and
their queues of three frames, SDL's disk driver and its pace; in place of the model a few scripted
turns.

Written after `tools/moshi-sts.cpp` and `tools/common_sdl.h` of moshi.cpp, and `src/audio/disk` of
SDL 2. Needs the standard library only, so that it starts in an instant. `mode` is what it does
wrong.
"""

from __future__ import annotations

import array
import contextlib
import json
import math
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path

FRAME = 1920
FRAME_BYTES = 4 * FRAME
ZEROS = bytes(FRAME_BYTES)
KEPT = 2
"""Frames that the model's delays keep."""
TONE = array.array("f", (0.2 * math.sin(2 * math.pi * 220 * n / 24_000) for n in range(FRAME)))
HUSH = array.array("f", (1e-4 * (-1) ** n for n in range(FRAME)))
"""What a decoder makes of silence: little, and never nothing."""
LOUD = 0.02
VALUES = {
    **dict.fromkeys(("-d", "--device"), "device"),
    "--threads": "threads",
    **dict.fromkeys(("-r", "--model-root"), "root"),
    **dict.fromkeys(("-m", "--model"), "model"),
    **dict.fromkeys(("-q", "--quantize"), "quant"),
    **dict.fromkeys(("-c", "--context"), "context"),
    **dict.fromkeys(("-s", "--seed"), "seed"),
    **dict.fromkeys(("-t", "--temperature"), "temperature"),
    "-i": "input",
    "--delay": "delay",
    **dict.fromkeys(("-v", "--voice"), "voice"),
    **dict.fromkeys(("-p", "--prompt"), "prompt"),
}


def fail(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
    sys.exit(1)


def tell(line: str) -> None:
    print(line)  # not flushed: on a pipe it would come with the end


def options(arguments: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    while arguments:
        name = arguments.pop(0)
        if name in ("-h", "--help"):
            fail("usage: moshi-sts [option(s)]")
        if name in ("-l", "--list-devices"):
            fail('available devices:\n  "CPU"')
        if name in ("-g", "--gguf-caching", "-b", "--bench"):
            found[name] = ""
        elif name in VALUES:
            if not arguments:
                fail(f'error: "{name}" requires value')
            found[VALUES[name]] = arguments.pop(0)
        else:
            fail(f'error: unrecognized option "{name}"')
    return found


def checked(found: dict[str, str]) -> bool:
    """The weights are looked for as it looks for them. Returns whether they are PersonaPlex."""
    if found.get("device") not in (None, "CPU"):
        fail(f"error: failed to initialize {found['device']} backend.")
    tell('using device: "CPU"')
    folder = Path(found.get("model", "Codes4Fun/moshika-q4_k-GGUF/"))
    if not folder.is_dir():
        what = (
            "expected directory but found file" if folder.exists() else "could not find directory"
        )
        fail(f"error: {what}: {folder}/")
    tell(f"found model path: {folder}/")
    prompted = "personaplex" in found.get("model", "")
    config = folder / ("personaplex-config.json" if prompted else "config.json")
    if not config.is_file():
        fail("error: failed to find a config.json")
    try:
        names = json.loads(config.read_text())
    except ValueError:
        fail("error: did not find expected json objecterror: reading config")
    for key, what in (
        ("moshi_name", "moshi"),
        ("mimi_name", "mimi"),
        ("tokenizer_name", "tokenizer"),
    ):
        if not (folder / names[key]).is_file():
            fail(f'error: missing {what} file "{folder}/{names[key]}"')
    voice = found.get("voice")
    if prompted and voice:
        places = [Path(voice), folder / "voices" / f"{voice}.gguf", folder / voice]
        if not any(place.is_file() for place in places):
            fail(f'error: failed to find voice file "{voice}"')
    return prompted


class Model:
    """A frame in, a piece of text and a frame out. It says who it is, and answers what it hears."""

    def __init__(self, found: dict[str, str], prompted: bool, mode: str) -> None:
        role = " ".join(found.get("prompt", "").split()[:3]) if prompted else ""
        voice = Path(found.get("voice", "")).stem if prompted else ""
        text = f" I am {role.rstrip('.') or 'Moshi'}." + (f" My voice is {voice}." if voice else "")
        said = pieces(text)
        self.mode = mode
        if mode == "call":
            call = 'TOOL_CALL: {"tool": "change_theme", "arguments": {"name": "glados"}}'
            said = [" One", " moment", ".", *pieces(" " + call), "", "", " Done", "."]
        if mode == "half_a_character":
            said = []
        if mode == "bytes":
            said = [" caf<0xC3><0xA", "9>", " <0", "xE2><0x82><0xAC>", "<s>", "."]
        self.script = [""] * 3 + said
        self.answer = pieces(" I heard you speak, and there is nothing more to say.")
        self.loud = self.quiet = self.rest = 0
        self.steps = 0

    def step(self, frame: bytes) -> tuple[str, bytes]:
        samples = array.array("f", frame)
        peak = max(map(abs, samples))
        if peak > LOUD:
            self.loud, self.quiet = self.loud + 1, 0
        else:
            self.quiet += 1
            if self.loud >= 5 and self.quiet == 3:
                self.script += self.answer
            if self.quiet >= 3:
                self.loud = 0
        self.steps += 1
        piece = self.script.pop(0) if self.script else ""
        self.rest = 4 if piece else max(0, self.rest - 1)
        return piece, (TONE if self.rest else HUSH).tobytes()


def pieces(text: str) -> list[str]:
    """Tokens of some three letters, with the spaces before them."""
    out: list[str] = []
    for word in text.split(" ")[1:]:
        word = f" {word}"
        out += [word[at : at + 4] for at in range(0, len(word), 4)] + [""]
    return out


class Program:
    """Its three threads; `main` is the model's."""

    def __init__(self, model: Model, mode: str, after: int, step: float) -> None:
        self.model, self.mode, self.after, self.step = model, mode, after, step
        self.delay = int(os.environ.get("SDL_DISKAUDIODELAY", "80")) / 1000
        self.ears: queue.Queue[bytes] = queue.Queue(3)
        self.mouth: queue.Queue[bytes] = queue.Queue(3)
        self.shutdown = False

    def open(self) -> None:
        if self.mode == "no_disk":
            fail("Could not initialize SDL: Audio target 'disk' not available")
        if os.environ.get("SDL_AUDIODRIVER") != "disk":
            fail("Could not initialize SDL: dsp: No such audio device")
        self.source = open(os.environ["SDL_DISKAUDIOFILEIN"], "rb")  # noqa: PTH123, SIM115
        self.sink = open(os.environ["SDL_DISKAUDIOFILE"], "wb")  # noqa: PTH123, SIM115
        for work in (self.capture, self.play):
            threading.Thread(target=work, daemon=True).start()

    def capture(self) -> None:
        taken, is_open = 0, True
        while True:
            time.sleep(self.delay)
            if self.mode == "stops_reading" and taken >= self.after:
                continue
            data = self.source.read(FRAME_BYTES) if is_open else b""
            is_open = len(data) == FRAME_BYTES
            taken += 1
            with contextlib.suppress(queue.Full):  # nobody is told
                self.ears.put_nowait(data.ljust(FRAME_BYTES, b"\0"))

    def play(self) -> None:
        while True:
            time.sleep(self.delay)
            try:
                frame = self.mouth.get_nowait()
            except queue.Empty:
                frame = ZEROS
            try:
                self.sink.write(frame)
            except BrokenPipeError:
                os.kill(os.getpid(), signal.SIGKILL)  # Python turns SIGPIPE into this

    def main(self) -> int:
        tell("ready")
        sys.stdout.flush()
        while not self.shutdown:
            try:
                frame = self.ears.get(timeout=0.1)
            except queue.Empty:
                continue
            self.misbehave()
            time.sleep(self.step)
            piece, sound = self.model.step(frame)
            if self.model.steps > KEPT:
                self.mouth.put(sound)
                self.write(piece.encode())
        print(f"\ndevice memory delta: 12 MiB\n\nrun frames: {self.model.steps}", flush=True)
        print("frame rate:  9.9 frames/s", flush=True)
        return 0

    def write(self, data: bytes) -> None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    def misbehave(self) -> None:
        steps, mode = self.model.steps, self.mode
        if mode == "half_a_character" and steps in (8, 9):
            self.write(b" caf\xc3" if steps == 8 else b"\xa9.")
        if mode == "floods" and steps >= 5:
            self.write(b" word" * 2000)
        if mode == "slow" and self.after <= steps < self.after + 3:
            time.sleep(0.25)
        if steps != self.after:
            return
        if mode == "hangs":
            time.sleep(3600)
        if mode == "exits":
            fail("ggml_cuda_compute_forward: ADD failed\nCUDA error: out of memory")
        if mode == "ends":
            self.shutdown = True
        if mode == "crashes":
            os.kill(os.getpid(), signal.SIGSEGV)


def main(mode: str, after: int = 10, step: float = 0.005) -> int:
    found = options(sys.argv[1:])
    if log := os.environ.get("STAND_IN_LOG"):
        with Path(log).open("a") as file:
            file.write(json.dumps({"pid": os.getpid(), "argv": sys.argv[1:]}) + "\n")
    if mode == "dies":
        fail("./moshi-sts: error while loading shared libraries: libggml.so: cannot open shared"
             " object file: No such file or directory")  # fmt: skip
    prompted = checked(found)
    program = Program(Model(found, prompted, mode), mode, after, step)

    def shut_down(number: int, frame: object) -> None:
        program.shutdown = True

    signal.signal(signal.SIGINT, signal.SIG_IGN if mode.startswith("stubborn") else shut_down)
    if mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tell(f"seed: {found.get('seed', 7)}")
    tell("loading...")
    if mode == "loads_for_ever":
        sys.stdout.flush()
        time.sleep(3600)
    if mode == "bad_weights":
        fail("gguf_init_from_file_ptr: invalid magic characters: 'abcd', expected 'GGUF'")
    if mode == "crashes_loading":
        os.kill(os.getpid(), signal.SIGSEGV)
    if mode == "no_memory":
        fail("ggml_backend_cuda_buffer_type_alloc_buffer: allocating 4618.00 MiB on device 0:"
             " cudaMalloc failed: out of memory")  # fmt: skip
    tell("done loading. 0.010000")
    if prompted and "voice" in found:
        tell(f"using voice embedding: {found['voice']}")
    program.open()
    return program.main()


def run(mode: str = "", after: int = 10, step: float = 0.005) -> None:
    code = 1
    with contextlib.suppress(SystemExit):
        code = main(mode, after, step)
    sys.stdout.flush()
    os._exit(code)  # its threads wait in reads and writes
