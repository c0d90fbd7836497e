"""The process of a language model of our own: `python -m assistant.brain.local.server FILE`.

llama.cpp's server, spoken to as any other over HTTP. It is told its key by the first line of its
standard input, so that no list of processes shows it, and tells by a line of JSON on its standard
output where it listens, or why it does not. When its standard input is closed, it ends: the
program that started it has closed it, or is gone.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from assistant.backends.host.process import EXIT_CANNOT_RUN
from assistant.brain.base import BrainError
from assistant.brain.local.gguf import ModelFile, read_model_file
from assistant.models.hardware import cores, lacks_avx2

CONTEXT = 8192
"""Tokens that prompt and answer may be together; all slots share the memory of so many."""
PERSONA_SLOTS = 3
"""Personas whose prompts are kept, so that a change back costs nothing; …"""
ASIDE_SLOT = PERSONA_SLOTS
"""… and the slot of whatever else is asked."""
_BATCH = 64
"""Tokens that are evaluated at a time: a slow processor reads them in about a second, and between
two batches a request can be given up."""
_REUSED = 16
"""Fewest tokens in a row that are moved to their new place instead of being evaluated anew, where
what stood before them is gone."""
_NICE = 5
"""Steps of priority under the host's, and under those of recognition and voice."""
_NO_ORIGIN = "http://127.0.0.1"
"""The only one that a browser's page may come from: of no page that there is."""
_WARNINGS = 2
"""Of llama.cpp's log."""
_PR_SET_PDEATHSIG = 1
"""From Linux's `prctl.h`."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until standard input is closed; returns the exit code where it cannot."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the host decides when its child ends
    _die_with_parent()
    if hasattr(os, "nice"):
        os.nice(_NICE)
    os.umask(0o077)
    wanted = _options(arguments)
    key = sys.stdin.buffer.readline().decode("ascii", "replace").strip()
    try:
        model = read_model_file(wanted.file)
        server = load(model, key, context=wanted.context, threads=wanted.threads)
    except BrainError as error:
        _tell({"failed": error.message, "remedy": error.remedy})
        return EXIT_CANNOT_RUN
    _tell({"url": server.listening_address, "name": model.name, "small": model.is_small})
    sys.stdin.buffer.read()
    # Not through the server's destructor, which has been seen to wait for ever for its threads.
    os._exit(0)


def load(model: ModelFile, key: str, *, context: int, threads: int) -> Any:
    """A server that listens, with the model in its memory. Raises `BrainError`."""
    if not key:
        raise BrainError("The language model was given no key.", "Start it through assistant.")
    if lacks_avx2():
        raise BrainError(
            "This processor has no AVX2, which llama.cpp's package is built for.",
            "Run Ollama instead, or set brain.kind to scripted.",
        )
    try:
        import xllamacpp
    except ImportError as error:
        raise BrainError(
            f"The package xllamacpp cannot be loaded: {error}.", "Run: assistant setup brain"
        ) from error
    try:
        return xllamacpp.Server(_parameters(xllamacpp, model, key, context, threads))
    except RuntimeError as error:
        raise BrainError(
            f"llama.cpp cannot load {model.path}.",
            "The model may be too new for it, or too large for the memory: choose another with"
            " assistant setup brain --model; its words are in the log.",
        ) from error


def _parameters(library: Any, model: ModelFile, key: str, context: int, threads: int) -> Any:
    """By default the server asks for no key and answers every page in a browser."""
    params = library.CommonParams()
    params.model.path = str(model.path)
    params.n_ctx = min(context, model.context or context)
    params.n_parallel, params.kv_unified = PERSONA_SLOTS + 1, True
    params.n_batch = params.n_ubatch = _BATCH
    params.n_cache_reuse = _REUSED
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.cache_ram_mib = 0
    params.verbosity = _WARNINGS  # further ones quote what was said
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.cors_origins, params.cors_origins_explicit = _NO_ORIGIN, True
    params.cors_credentials = False
    params.cors_methods = "POST"
    params.cors_headers = "Content-Type"
    params.ui = params.endpoint_slots = params.endpoint_props = params.endpoint_metrics = False
    return params


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="assistant.brain.local.server", description=__doc__)
    parser.add_argument("file", type=Path, help="GGUF file of the model")
    parser.add_argument("--context", type=int, default=CONTEXT, help="tokens")
    parser.add_argument("--threads", type=int, default=max(1, cores() - 1))
    return parser.parse_args(arguments)


def _tell(what: dict[str, Any]) -> None:
    """The last that is said there: what libraries print belongs into the log."""
    with suppress(OSError):
        print(json.dumps(what), flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def _die_with_parent() -> None:
    """While the model is loaded, Python is not asked, and would not see that its input is closed.
    Only Linux can do it."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Native thread pools have been seen to hang or crash in their destructors at exit.
    os._exit(code)
