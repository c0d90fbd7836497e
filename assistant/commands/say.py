"""`assistant say TEXT`: one sentence in the persona's voice, to the speaker or into a file."""

from __future__ import annotations

import asyncio
from pathlib import Path

from assistant.assembly import make_session
from assistant.audio.base import AudioIO
from assistant.audio.files import FileAudio
from assistant.backends.base import BackendError
from assistant.commands.plain import libraries_speak_to_the_log
from assistant.commands.ready import start_and_wait
from assistant.config import Config
from assistant.frames import FRAME_SAMPLES


def say_command(config: Config, text: str, audio: AudioIO | Path) -> int:
    """Speak `text` through `audio`, or into a new WAV file where it is a path."""
    config.session.greeting = False
    config.session.save = False
    config.brain.kind = "scripted"
    with libraries_speak_to_the_log():
        return asyncio.run(_say(config, text, audio))


async def _say(config: Config, text: str, audio: AudioIO | Path) -> int:
    into_file = isinstance(audio, Path)
    device = FileAudio(None, audio) if isinstance(audio, Path) else audio
    session = make_session(config, device, steps=into_file)
    try:
        await start_and_wait(session)
        if device.speaker is None:
            raise BackendError("there is no speaker", "assistant say --output FILE writes a file")
        session.say(text)
        while session.speech.active:
            if isinstance(device, FileAudio):
                device.pull_output(FRAME_SAMPLES)
            await asyncio.sleep(0 if into_file else 0.02)
        if not into_file:
            await asyncio.sleep(device.output_delay() + 0.1)  # the device's own buffers
    finally:
        await session.stop()
    return 0
