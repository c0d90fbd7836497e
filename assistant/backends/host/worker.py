"""The backend process: `python -m assistant.backends.host.worker NAME`.

One loop on the main thread: take a command, do it, acknowledge frames. Every heavy import happens
behind `Load`. Its standard error is the log file; its standard output is not used. When the host
goes away, the socket closes and so does this process: there are no orphans.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from multiprocessing.connection import Connection

import msgspec
import numpy as np

from assistant.backends.base import Backend, BackendError, BeginsAnew, Emit, WritesDown
from assistant.backends.host.send_queue import SendQueue
from assistant.backends.registry import create_backend
from assistant.backends.wire import MAX_MESSAGE, connect, decode_command
from assistant.frames import (
    FRAME_SAMPLES,
    Ack,
    AnyCommand,
    AnyEvent,
    ChangePersona,
    Close,
    Expect,
    Failed,
    Inject,
    Interrupt,
    Load,
    Prefetch,
    Prefill,
    Push,
    Ready,
    Say,
    SetNames,
    Settle,
    Settled,
    Transcribe,
    Transcribed,
)

_NICE = 3
"""Steps of priority under the host's."""


def main(arguments: list[str] | None = None) -> int:
    name = (arguments if arguments is not None else sys.argv[1:])[0]
    # Ctrl-C reaches the whole foreground group; the host decides when its child ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _step_back()
    os.umask(0o077)  # what a model's library makes is for nobody else, either
    connection = connect()
    queue = SendQueue(connection)
    try:
        backend = create_backend(name, _teller(queue))
        return serve(connection, queue, backend)
    except BackendError as error:
        queue.put(Failed(message=error.message, remedy=error.remedy, fatal=True))
        return 3
    finally:
        queue.close()
        connection.close()


def _teller(queue: SendQueue) -> Emit:
    def emit(event: AnyEvent) -> None:
        queue.put(event)

    return emit


def _step_back() -> None:
    """Sound comes before models: the host's audio threads and the sound server have milliseconds
    to spare, a model does not notice."""
    if hasattr(os, "nice"):
        os.nice(_NICE)


def serve(connection: Connection, queue: SendQueue, backend: Backend) -> int:
    """Serve until `Close` or until the host is gone; returns the exit code."""
    try:
        while True:
            try:
                command = decode_command(connection.recv_bytes(MAX_MESSAGE))
            except msgspec.DecodeError as error:
                print(f"unreadable command: {error}", file=sys.stderr, flush=True)
                continue
            except (EOFError, OSError):
                return 0
            if isinstance(command, Close):
                return 0
            try:
                handle(command, backend, queue)
            except BackendError as error:
                fatal = isinstance(command, Load)
                queue.put(Failed(message=error.message, remedy=error.remedy, fatal=fatal))
                if fatal:
                    return 3
            except Exception as error:
                # One bad command must not end a conversation; the log keeps the whole story.
                traceback.print_exc()
                fatal = isinstance(command, Load)
                queue.put(Failed(message=f"{type(error).__name__}: {error}", fatal=fatal))
                if fatal:
                    return 3
            if isinstance(command, Push):
                queue.put(Ack(command.frame))  # of one that failed, too: the host waits for it
    finally:
        backend.close()


def handle(command: AnyCommand, backend: Backend, queue: SendQueue) -> None:
    match command:
        case Push(frame=number, pcm=pcm, speaking=speaking, clean=clean, voice=voice):
            frame = np.frombuffer(pcm, dtype="<f4", count=FRAME_SAMPLES)
            backend.push(number, frame, speaking=speaking, clean=clean, voice=voice)
        case Settle(number=number):
            queue.put(Settled(number))
        case Say(utterance=utterance, text=text, final=final):
            if backend.capabilities.prosody:
                backend.say(
                    utterance,
                    text,
                    final=final,
                    rate=command.rate,
                    prosody=command.prosody,
                    voice=command.voice,
                )
            else:  # a plugin's may not know the words
                backend.say(utterance, text, final=final, rate=command.rate)
        case ChangePersona(prompt=prompt):
            backend.change_persona(prompt)
        case Prefetch(lines=lines):
            backend.prefetch(lines)
        case Expect(text=text, rate=rate, prosody=prosody):
            backend.expect(text, rate, prosody)
        case Prefill(prompt=prompt, swap=swap, line=""):
            backend.prefill(prompt, swap=swap)
        case Prefill(prompt=prompt, line=line):
            if isinstance(backend, BeginsAnew):
                backend.begin_anew(prompt, line)
        case Transcribe() if isinstance(backend, WritesDown):
            backend.transcribe(command)
        case Transcribe(number=number):
            failed = "this backend writes down no recordings"
            queue.put(Transcribed(number, failed=failed, remedy="--backend cascade"))
        case Interrupt():
            backend.interrupt()
        case Inject(context=context):
            backend.inject(context)
        case SetNames(names=names):
            backend.set_names(names)
        case Load():
            engine = backend.load(command)
            queue.put(Ready(capabilities=backend.capabilities, engine=engine, note=backend.note))


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Native thread pools have been seen to hang or crash in their destructors at exit.
    os._exit(code)
