"""Moshi's language model on upstream's own `LMGen` in PyTorch: one conversation, step by step.

Built by `torch_lm.load_language_model`, which must have a word before moshi is imported.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from moshi.models import LMGen, LMModel
from moshi.utils.compile import CUDAGraphed, no_cuda_graph

from assistant.backends.moshi.contract import (
    Checkpoint,
    ChooseText,
    Codes,
    EngineSettings,
    LanguageModel,
    ModelShape,
    Progress,
    Sampling,
    Snapshot,
    Step,
)
from assistant.backends.moshi.prompts.prompting import PromptPlan
from assistant.backends.moshi.torch.loading import compiles, device_of, explained, load_weights
from assistant.backends.moshi.torch.state import (
    LiveState,
    SideState,
    TorchPrefill,
    TorchReplay,
    TorchSnapshot,
    embed,
    follow,
    side_capacity,
)
from assistant.locations import cache_dir

EXTEND_CHUNK = 128
"""Positions of one pass of `extend`."""
WARM_UP_STEPS = 3
"""Upstream's graphs: the first call runs (and compiles), the second captures, the third replays."""

DEPFORMER_GRAPHS = 8
"""Kept of personas' different sampling, the least recently used going first."""


class TorchLanguageModel:
    """See `contract.LanguageModel`."""

    def __init__(self, lm: LMModel, settings: EngineSettings, label: str) -> None:
        self.shape = shape_of(lm)
        self.label = label
        self._settings = settings
        self._graphs = settings.cuda_graphs and lm.device.type == "cuda"
        self._lm = lm
        # Empty conditions: speech recognition's configuration brings a fuser with nothing to fuse.
        self._gen = LMGen(
            lm,
            condition_tensors={},
            on_text_hook=self._on_text,
            on_audio_hook=self._on_audio,
        )
        self._gen.streaming_forever(1)
        self._state = LiveState(self._gen)
        self._choose: ChooseText | None = None
        self._column: torch.Tensor | None = None
        self._text: torch.Tensor | int = 0
        self._depformer_graphs: dict[tuple[float, int], CUDAGraphed] = {}
        self.set_sampling(settings.sampling)
        if settings.seed is not None:
            self.seed(settings.seed)

    # --- one position ---------------------------------------------------------------------------

    def step(
        self, user: Codes, choose_text: ChooseText | None = None, audio: Codes | None = None
    ) -> Step:
        """See `contract.LanguageModel.step`. Waits for the device once, and once more where the
        words are chosen."""
        if user.shape != (self.shape.user_codebooks,):
            raise ValueError(f"{self.shape.user_codebooks} codes are heard, not {user.shape}")
        codes = self._on_device(user).view(1, -1, 1)
        self._choose = choose_text
        self._column, whole = self._forced(audio)
        if self._graphs:
            out, heads = self._run(codes, whole)
        else:
            with no_cuda_graph():
                out, heads = self._run(codes, whole)
        return self._step(out, heads)

    def _forced(self, audio: Codes | None) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """A column with something free, for the hook; a column without, in place of the
        depformer."""
        agent = self.shape.agent_codebooks
        if audio is None or agent == 0:
            return None, None
        if audio.shape != (agent,):
            raise ValueError(f"{agent} codes are spoken, not {audio.shape}")
        if (audio < 0).all():
            return None, None
        column = self._on_device(audio)[None]
        return (column, None) if (audio < 0).any() else (None, column[:, :, None])

    def _on_device(self, tokens: Codes) -> torch.Tensor:
        return torch.from_numpy(np.array(tokens, np.int64)).to(self._lm.device)

    def _run(
        self, codes: torch.Tensor, whole: torch.Tensor | None
    ) -> tuple[torch.Tensor | None, list[torch.Tensor]]:
        if self.shape.extra_heads == 0:
            return self._gen.step(codes, whole), []
        both = self._gen.step_with_extra_heads(codes, whole)
        return (None, []) if both is None else both

    def _on_text(self, token: torch.Tensor) -> None:
        if self._choose is None:
            self._text = token
            return
        offered = int(token.item())
        self._text = self._choose(offered)
        if self._text != offered:
            token.fill_(self._text)

    def _on_audio(self, column: torch.Tensor) -> None:
        if self._column is not None:
            column.copy_(torch.where(self._column >= 0, self._column, column))

    def _step(self, out: torch.Tensor | None, heads: list[torch.Tensor]) -> Step:
        agents = self.shape.agent_codebooks
        parts = [self._state.column(agents)]
        parts += [] if out is None else [out[0, 1:, 0]]
        if isinstance(self._text, torch.Tensor):
            parts.append(self._text)
        tokens = torch.cat(parts).cpu().numpy()
        text = self._text if isinstance(self._text, int) else int(tokens[-1])
        probabilities = torch.stack([head[0, 0, 0] for head in heads]).tolist() if heads else []
        return Step(
            text,
            None if out is None or agents == 0 else tokens[agents : 2 * agents].copy(),
            tuple(probabilities),
            tokens[:agents].copy() if agents else None,
        )

    # --- many positions -------------------------------------------------------------------------

    def prefill(self, prompt: PromptPlan, chunk: int = 128) -> TorchPrefill:
        return TorchPrefill(self._lm, self.shape, prompt, chunk)

    def replay(self, snapshot: Snapshot, chunk: int = 128) -> TorchReplay:
        return TorchReplay(self._lm, self.shape, self._checked(snapshot), chunk)

    def extend(self, frames: PromptPlan) -> list[Codes]:
        """Run known frames, all but the first few of them in one pass, on the conversation's
        state. With `p` positions run before, this is a loop over i of

            step(frames.frames[i].user, lambda _: frames.frames[i].text,
                 frames.agent_column(i, agent_delays))

        so that frame i is heard in step p + i and stands, as text and as the agent's, at position
        p + 1 + i. The first `max_delay` are real steps: there the agent's delayed codebooks still
        belong to the frame it was speaking, which is the model's to finish.

        Raises ValueError for an embedded voice, which can only open a conversation.
        """
        if frames.voice is not None:
            raise ValueError("an embedded voice can only open a conversation")
        delays = self.shape.delays[1 : 1 + self.shape.agent_codebooks]
        stepped = min(max(delays, default=0), len(frames.frames))
        spoken = [frames.agent_column(index, delays) for index in range(len(frames.frames))]
        for index in range(stepped):
            frame = frames.frames[index]
            step = self.step(
                frame.user,
                lambda _, text=frame.text: text,  # type: ignore[misc]
                spoken[index],
            )
            assert step.column is not None
            spoken[index] = step.column
        if stepped < len(frames.frames):
            self._extend_known(frames, stepped)
        return spoken

    def _extend_known(self, frames: PromptPlan, first: int) -> None:
        """Frames from `first` on, before which every codebook of the agent is a frame's own."""
        before = self._state.copy()
        count = len(frames.frames) - first
        ring = before.tokens[0].cpu().numpy()
        columns, ring = follow(ring, before.positions, frames, first, self.shape)
        inputs = embed(self._lm, self._on_device(columns)[None])
        side = SideState(
            self._lm,
            side_capacity(before.positions + count, self.shape.context, EXTEND_CHUNK),
        )
        side.load(before)
        for begin in range(0, count, EXTEND_CHUNK):
            side.run(inputs[:, begin : begin + EXTEND_CHUNK])
        after = before.positions + count
        tokens = self._on_device(ring)[None]
        self._state.put_back(TorchSnapshot(after, side.columns(after), tokens))

    # --- the state ------------------------------------------------------------------------------

    def snapshot(self) -> TorchSnapshot:
        return self._state.copy()

    def put_back(self, snapshot: Snapshot) -> None:
        self._state.put_back(self._checked(snapshot))

    @staticmethod
    def _checked(snapshot: Snapshot) -> TorchSnapshot:
        if not isinstance(snapshot, TorchSnapshot):
            raise ValueError("this snapshot was taken of another model")
        return snapshot

    def reset(self) -> None:
        self._gen.reset_streaming()

    # --- settings -------------------------------------------------------------------------------

    def set_sampling(self, sampling: Sampling) -> None:
        """Text is sampled outside of upstream's graphs, but the depformer samples inside its own,
        where temperature and top-k are constants: each pair of them has a graph."""
        gen, state = self._gen, self._gen._streaming_state
        gen.temp, gen.top_k = sampling.temperature, sampling.top_k
        gen.temp_text, gen.top_k_text = sampling.text_temperature, sampling.top_k_text
        if state.graphed_depth is not None:
            state.graphed_depth = self._depformer_graph((gen.temp, gen.top_k))

    def _depformer_graph(self, constants: tuple[float, int]) -> CUDAGraphed:
        graph = self._depformer_graphs.pop(constants, None)
        if graph is None:
            graph = CUDAGraphed(self._gen.depformer_step, disable=not self._graphs)
        self._depformer_graphs[constants] = graph
        while len(self._depformer_graphs) > DEPFORMER_GRAPHS:
            del self._depformer_graphs[next(iter(self._depformer_graphs))]
        return graph

    def seed(self, seed: int) -> None:
        torch.manual_seed(seed)

    def warm_up(self) -> None:
        user = np.zeros(self.shape.user_codebooks, np.int64)
        for _ in range(WARM_UP_STEPS):
            self.step(user)
        self.reset()
        if self._settings.seed is not None:
            self.seed(self._settings.seed)


def shape_of(lm: LMModel) -> ModelShape:
    return ModelShape(
        agent_codebooks=lm.dep_q,
        user_codebooks=lm.n_q - lm.dep_q,
        delays=tuple(lm.delays),
        text_card=lm.text_card,
        card=lm.card,
        context=int(lm.context),
        padding=lm.text_padding_token_id,
        end_of_padding=lm.end_of_text_padding_id,
        extra_heads=len(lm.extra_heads),
    )


# Moshi's language model in PyTorch: from a checkpoint to a conversation.


def load_language_model(
    checkpoint: Checkpoint,
    settings: EngineSettings,
    progress: Progress,
    kept_in: Path | None = None,
) -> LanguageModel:
    """The checkpoint's model on the device that the settings name, quantised as they say.

    `kept_in`: where quantised weights are kept for the next start; None: in the cache folder.
    Raises `BackendError` where device, weights, quantisation or memory will not do.
    """
    device = device_of(settings.device)
    if not compiles(device):
        os.environ["NO_TORCH_COMPILE"] = "1"  # read by moshi as it is imported

    with explained(checkpoint, settings, device):
        lm = load_weights(
            checkpoint, settings, device, progress, kept_in or cache_dir() / "quantized"
        )
        quantized = [] if settings.quantize == "none" else [settings.quantize]
        label = " ".join([checkpoint.name, *quantized])
        return TorchLanguageModel(lm, settings, f"{label} · {device}")
