"""The same questions through pipecat's default pipeline: Silero, Smart Turn, faster-whisper, a
language model over HTTP, kokoro-onnx. Run by `rival`, with an interpreter that has pipecat.

    python pipecat_pipeline.py QUESTIONS.npz URL MODEL WHISPER KOKORO VOICES VOICE

Sound is pushed in real time, 20 ms at a time. Prints a JSON line when it listens, one for each
question: seconds from its last voiced sample to the first sample of an answer that could be played
(no sound device is counted), and when transcription, model and voice began to give something.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import numpy as np
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputAudioRawFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.kokoro.tts import KokoroTTSService
from pipecat.services.openai.llm import OpenAILLMService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.workers.runner import WorkerRunner

RATE = 16_000
_BLOCK = RATE // 50
_REST = 1.0
"""Seconds of silence after an answer."""
_LONGEST_TURN = 30.0
_QUIET = 2.0
"""Seconds without sound after which an answer is over, whatever was announced."""


class Ear(FrameProcessor):  # type: ignore[misc]
    """Notes when frames of one kind first come by since it was last cleared."""

    def __init__(self, *kinds: type[Frame]) -> None:
        super().__init__()
        self._kinds = kinds
        self.first: dict[str, float] = {}
        self.last = 0.0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, self._kinds):
            self.last = time.perf_counter()
            self.first.setdefault(type(frame).__name__, self.last)
        await self.push_frame(frame, direction)


def build(url: str, model: str, whisper: str, kokoro: str, voices: str, voice: str) -> Any:
    """The pipeline, and what listens behind each of its stages."""
    # As ours: what the package takes by itself is float32, which is slower.
    stt = WhisperSTTService(
        device="cpu", compute_type="int8", settings=WhisperSTTService.Settings(model=whisper)
    )
    told = OpenAILLMService.Settings(model=model, system_instruction="Answer in two sentences.")
    llm = OpenAILLMService(api_key="none", base_url=url, settings=told)
    # On a busy machine it would give the voice up after three answers that came too late for it.
    tts = KokoroTTSService(
        model_path=kokoro,
        voices_path=voices,
        settings=KokoroTTSService.Settings(voice=voice),
        max_consecutive_zero_audio_contexts=0,
    )
    sides = LLMContextAggregatorPair(
        LLMContext(), user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    heard, thought = Ear(TranscriptionFrame), Ear(LLMTextFrame, LLMFullResponseEndFrame)
    spoken = Ear(TTSAudioRawFrame, TTSStoppedFrame)
    stages = [stt, heard, sides.user(), llm, thought, tts, spoken, sides.assistant()]
    return Pipeline(stages), heard, thought, spoken


async def ask(worker: Any, question: Any, ears: tuple[Ear, Ear, Ear]) -> dict[str, float | None]:
    """Say one question, wait for its answer, and a rest after it."""
    heard, thought, spoken = ears
    for ear in ears:
        ear.first.clear()
    voiced = np.flatnonzero(np.abs(question) > 327)
    end = (int(voiced[-1]) + 1) / RATE if voiced.size else len(question) / RATE
    began = time.perf_counter()
    silence = np.zeros(_BLOCK, np.int16)
    at, over = 0, None
    while True:
        block = question[at : at + _BLOCK]
        block = block if len(block) == _BLOCK else silence
        await worker.queue_frame(InputAudioRawFrame(block.tobytes(), RATE, 1))
        at += _BLOCK
        now = time.perf_counter()
        answered = "TTSAudioRawFrame" in spoken.first
        done = answered and "LLMFullResponseEndFrame" in thought.first
        if done and now - max(spoken.last, thought.last) > _QUIET:
            over = over or now
        if (over and now - over > _REST) or at / RATE > len(question) / RATE + _LONGEST_TURN:
            break
        await asyncio.sleep(max(0.0, began + at / RATE - now))

    def since(ear: Ear, kind: str) -> float | None:
        found = ear.first.get(kind)
        return None if found is None else found - began - end

    return {
        "transcription": since(heard, "TranscriptionFrame"),
        "token": since(thought, "LLMTextFrame"),
        "sound": since(spoken, "TTSAudioRawFrame"),
    }


async def main(questions: str, *parts: str) -> None:
    pipeline, *ears = build(*parts)
    worker = PipelineWorker(
        pipeline,
        params=PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=24_000),
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(1.0)
    print(json.dumps({"ready": True}), flush=True)
    with np.load(questions) as archive:
        for name in sorted(archive.files):
            print(json.dumps(await ask(worker, archive[name], tuple(ears))), flush=True)
    await worker.queue_frame(EndFrame())
    await running


if __name__ == "__main__":
    from loguru import logger

    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    asyncio.run(main(*sys.argv[1:]))
