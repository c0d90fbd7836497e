"""Mimi in PyTorch, on the card beside the language model or on the processor."""

from __future__ import annotations

import copy
import os
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.header import stored_codebooks
from assistant.backends.moshi.contract import Checkpoint, Codec, Codes, EngineSettings
from assistant.backends.moshi.torch.loading import compiles, device_of, explained
from assistant.frames import FRAME_SAMPLES


def load_codec(checkpoint: Checkpoint, settings: EngineSettings, codebooks: int = 8) -> Codec:
    """Mimi with streams of its own, in float32 on the settings' device.

    `codebooks`: of an encoded frame. Decoding takes any smaller number too. Raises `BackendError`
    where device, weights or memory will not do.
    """
    device = device_of(settings.device)
    if not compiles(device):
        os.environ["NO_TORCH_COMPILE"] = "1"  # read by moshi as it is imported
    stored = stored_codebooks(checkpoint.mimi, codebooks)
    with explained(checkpoint, settings, device):
        mimi = _load(checkpoint, stored, codebooks, device)
        return TorchCodec(mimi, codebooks, device, settings.cuda_graphs)


class TorchCodec:
    """See `contract.Codec`."""

    def __init__(self, mimi: Any, codebooks: int, device: torch.device, cuda_graphs: bool) -> None:
        self.codebooks = codebooks
        self._device = device
        self._graphs = cuda_graphs and device.type == "cuda"
        self._mimi = mimi
        mimi.streaming_forever(1)

    def encode(self, frame: Float32) -> Codes:
        if frame.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame is {FRAME_SAMPLES} samples, not {frame.shape}")
        samples = torch.from_numpy(np.array(frame, np.float32)).to(self._device)
        with torch.inference_mode(), self._graphed():
            codes = self._mimi.encode(samples[None, None])
        column: Codes = codes[0, :, 0].cpu().numpy().astype(np.int64)
        return column

    def decode(self, codes: Codes) -> Float32:
        column = torch.from_numpy(np.array(codes, np.int64)).to(self._device)
        with torch.inference_mode(), self._graphed():
            sound = self._mimi.decode(column[None, :, None])
        frame: Float32 = sound[0, 0].cpu().numpy()
        return frame

    def reset_encoder(self) -> None:
        self._reset("encoder", "encoder_transformer", "downsample")

    def reset_decoder(self) -> None:
        self._reset("decoder", "decoder_transformer", "upsample")

    def _reset(self, *parts: str) -> None:
        from moshi.modules.streaming import StreamingModule

        every = torch.ones(1, dtype=torch.bool, device=self._device)
        with torch.inference_mode():
            for part in parts:
                # Not each part resets those within it: the resampling convolutions don't.
                for module in getattr(self._mimi, part).modules():
                    if isinstance(module, StreamingModule):
                        module._streaming_state.reset(every)

    def _graphed(self) -> AbstractContextManager[None]:
        from moshi.utils.compile import no_cuda_graph

        if self._graphs:
            return nullcontext()
        context: AbstractContextManager[None] = no_cuda_graph()
        return context


def _load(checkpoint: Checkpoint, stored: int, codebooks: int, device: torch.device) -> Any:
    from moshi.models import loaders

    config = copy.deepcopy(checkpoint.mimi_config or loaders._mimi_config)
    config["quantizer"]["n_q"] = stored
    try:
        mimi = loaders.get_mimi(checkpoint.mimi, config, device, num_codebooks=codebooks)
    except RuntimeError as error:
        if "state_dict" not in str(error):
            raise
        reason = str(error).strip().splitlines()[1:2] or [str(error)]
        raise BackendError(
            f"{checkpoint.mimi.name} does not fit its configuration: {reason[0].strip()}",
            "Download the checkpoint again: assistant models pull",
        ) from error
    return mimi.requires_grad_(False)
