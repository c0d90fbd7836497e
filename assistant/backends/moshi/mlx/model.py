"""One conversation on moshi_mlx's model, driven position by position or many at once.

Upstream's `LmGen` is not used: it ends after a fixed number of steps, hears the user one frame
late, waits for the device once for each codebook, and cannot leave the depformer out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from moshi_mlx.models import Lm

from assistant.backends.moshi.contract import (
    FREE,
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
from assistant.backends.moshi.mlx.runtime import chosen_device, device_name, explained, require_mlx
from assistant.backends.moshi.mlx.state import (
    MlxSnapshot,
    TokenWindow,
    evaluate,
    put_back,
    take_snapshot,
)
from assistant.backends.moshi.mlx.temporal import (
    Depformer,
    Dice,
    MlxPrefill,
    MlxReplay,
    Temporal,
    choose,
)
from assistant.backends.moshi.prompts.prompting import PromptPlan
from assistant.locations import cache_dir

EXTEND_CHUNK = 128
"""Positions of one pass of `extend`."""
WARM_UP_POSITIONS = 8


class MlxLanguageModel:
    """See `contract.LanguageModel`.

    After each call everything is computed: nothing lazy is left to grow, or to be found by
    another thread, which MLX would refuse.
    """

    def __init__(
        self,
        model: Lm,
        checkpoint: Checkpoint,
        settings: EngineSettings,
        device: Any,
        label: str,
    ) -> None:
        self.shape = shape_of(model, checkpoint)
        self.label = label
        self._model = model
        self._device = device
        self._dtype = getattr(mx, settings.dtype)
        self._sampling = settings.sampling
        self._seed = settings.seed
        self._dice = Dice(settings.seed)
        self._temporal = Temporal(model)
        self._depformer = Depformer(model)
        self._caches = self._temporal.caches()
        self._window = TokenWindow(self.shape)

    # --- one position ---------------------------------------------------------------------------

    def step(
        self, user: Codes, choose_text: ChooseText | None = None, audio: Codes | None = None
    ) -> Step:
        """See `contract.LanguageModel.step`. Waits for the device once, and once more where the
        words are chosen."""
        if np.shape(user) != (self.shape.user_codebooks,):
            raise ValueError(f"{self.shape.user_codebooks} codes are heard, not {np.shape(user)}")
        column = self._forced(audio)
        with self._computing("answering"):
            self._window.hear(user)
            hidden = self._run(self._window.column()[:, None])
            heads = [mx.softmax(h(hidden), axis=-1)[0, 0, 0] for h in self._model.extra_heads]
            text = choose(
                self._model.text_linear(hidden),
                self._sampling.text_temperature,
                self._sampling.top_k_text,
                self._dice,
            )
            if choose_text is not None:
                mx.eval(text, *heads)
                offered = int(text.item())
                chosen = choose_text(offered)
                if chosen != offered:
                    text = mx.array([[chosen]])
            column = self._fill(column, hidden, text, heads)
        self._window.advance(int(text.item()), column)
        probabilities: list[Any] = [head.item() for head in heads]
        return Step(
            int(text.item()),
            self._window.spoken(),
            tuple(probabilities),
            column if self.shape.agent_codebooks else None,
        )

    def _forced(self, audio: Codes | None) -> Codes:
        agents = self.shape.agent_codebooks
        if audio is None or not agents:
            return np.full(agents, FREE, np.int64)
        if np.shape(audio) != (agents,):
            raise ValueError(f"{agents} codes are spoken, not {np.shape(audio)}")
        return np.asarray(audio, np.int64)

    def _fill(self, column: Codes, hidden: Any, text: Any, heads: list[Any]) -> Codes:
        """The agent's column with what the model chooses where it may.

        A forced code takes the place of the model's own once the column is complete: it is not
        what the codes after it were chosen by. Those after the last free one are not computed.
        """
        free = np.flatnonzero(column == FREE)
        if not len(free):
            mx.eval(text, *heads)
            return column
        codes = self._depformer.sample(
            hidden,
            text,
            int(free[-1]) + 1,
            self._sampling.temperature,
            self._sampling.top_k,
            self._dice,
        )
        mx.eval(text, codes, *heads)
        column = column.copy()
        column[free] = np.asarray(codes)[0, free]
        return column

    def _run(self, columns: Codes) -> Any:
        hidden = self._temporal.run(self._temporal.embed(columns), self._caches)
        return self._model.out_norm(hidden)

    # --- many positions -------------------------------------------------------------------------

    def prefill(self, prompt: PromptPlan, chunk: int = 128) -> MlxPrefill:
        return MlxPrefill(self._temporal, self.shape, self._dtype, self._computing, prompt, chunk)

    def replay(self, snapshot: Snapshot, chunk: int = 128) -> MlxReplay:
        held = self._checked(snapshot)
        with self._computing("putting the conversation back"):
            return MlxReplay(self._temporal, self._computing, held, chunk)

    def extend(self, frames: PromptPlan) -> list[Codes]:
        """See `contract.LanguageModel.extend`.

        Frame i is heard at the i-th position from here and stands, as text and as the agent's, at
        the one after it. The first few are real steps: there the agent's delayed codebooks still
        belong to the frame it was speaking, which is the model's to finish.
        """
        if frames.voice is not None:
            raise ValueError("an embedded voice can only open a conversation")
        delays = self.shape.delays[1 : 1 + self.shape.agent_codebooks]
        columns, spoken = [], []
        for index, frame in enumerate(frames.frames):
            agent = frames.agent_column(index, delays)
            if (agent == FREE).any():
                step = self.step(frame.user, lambda _, text=frame.text: text, agent)  # type: ignore[misc]
                assert step.column is not None
                spoken.append(step.column)
                continue
            spoken.append(agent)
            self._window.hear(frame.user)
            columns.append(self._window.column())
            self._window.advance(frame.text, agent)
        with self._computing("taking in what is known"):
            for begin in range(0, len(columns), EXTEND_CHUNK):
                self._run(np.stack(columns[begin : begin + EXTEND_CHUNK], axis=1))
                evaluate(self._caches)
            mx.clear_cache()
        return spoken

    # --- the state ------------------------------------------------------------------------------

    def snapshot(self) -> MlxSnapshot:
        with self._computing("keeping the conversation"):
            return take_snapshot(self._caches, self._window)

    def put_back(self, snapshot: Snapshot) -> None:
        held = self._checked(snapshot)
        with self._computing("putting the conversation back"):
            put_back(held, self._caches, self._window)
            mx.clear_cache()

    def _checked(self, snapshot: Snapshot) -> MlxSnapshot:
        if not isinstance(snapshot, MlxSnapshot) or len(snapshot.layers) != len(self._caches):
            raise ValueError("this snapshot is another model's")
        return snapshot

    def reset(self) -> None:
        for cache in self._caches:
            cache.reset()
        self._window.reset()
        mx.clear_cache()

    # --- settings -------------------------------------------------------------------------------

    def set_sampling(self, sampling: Sampling) -> None:
        self._sampling = sampling

    def seed(self, seed: int) -> None:
        self._dice = Dice(seed)

    def warm_up(self) -> None:
        """Metal compiles its kernels at their first use, and others for many positions than for
        one."""
        silence = np.zeros(self.shape.user_codebooks, np.int64)
        self.reset()
        dice, self._dice = self._dice, Dice(0)
        for _ in range(2):
            self.step(silence, lambda token: token)
        many = np.zeros((len(self.shape.delays), WARM_UP_POSITIONS), np.int64)
        with self._computing("warming up"):
            self._run(many)
            evaluate(self._caches)
        self._dice = dice
        self.reset()

    @contextmanager
    def _computing(self, doing: str) -> Iterator[None]:
        # The default device is each thread's own.
        with mx.stream(self._device), explained(doing):
            yield


def shape_of(model: Lm, checkpoint: Checkpoint) -> ModelShape:
    config, cfg = checkpoint.config, model.cfg
    agents = cfg.depformer.num_slices
    return ModelShape(
        agent_codebooks=agents,
        user_codebooks=cfg.audio_codebooks - agents,
        delays=tuple(config["delays"]),
        text_card=cfg.text_out_vocab_size,
        card=cfg.audio_vocab_size - 1,
        context=cfg.transformer.context,
        padding=config.get("existing_text_padding_id") or 3,
        end_of_padding=config.get("existing_text_end_padding_id") or 0,
        extra_heads=len(model.extra_heads),
    )


# Moshi's language model on MLX: Apple Silicon, and Linux for tests.


def load_language_model(
    checkpoint: Checkpoint,
    settings: EngineSettings,
    progress: Progress,
    kept_in: Path | None = None,
) -> LanguageModel:
    """Load `checkpoint` and begin a conversation with it.

    `kept_in`: where weights that are quantised here are kept for the next start; None: in the
    cache folder. Any thread may load; the conversation is then driven from one thread, be it
    another.

    Raises `BackendError` where MLX is not installed, the weights don't fit, or memory runs out.
    """
    require_mlx()
    import mlx.core as mx

    from assistant.backends.moshi.mlx.weights import load_model

    device = chosen_device(settings.device)
    with mx.stream(device):
        model, precision = load_model(
            checkpoint, settings, progress, kept_in or cache_dir() / "quantized"
        )
    label = f"{checkpoint.name} {precision} · {device_name(device)}"
    return MlxLanguageModel(model, checkpoint, settings, device, label)
