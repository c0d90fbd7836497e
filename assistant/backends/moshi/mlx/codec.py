"""Mimi for the MLX backend: in Rust where it has its published shape, else moshi_mlx's own."""

from __future__ import annotations

from typing import Any

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.header import stored_codebooks
from assistant.backends.moshi.contract import Checkpoint, Codec, Codes, EngineSettings
from assistant.backends.moshi.mlx.runtime import chosen_device, explained, require_mlx
from assistant.backends.moshi.rusty_codec import RustyCodec
from assistant.frames import FRAME_SAMPLES


def load_codec(checkpoint: Checkpoint, settings: EngineSettings, codebooks: int = 8) -> Codec:
    """Mimi with streams of its own. `codebooks`: of an encoded frame; decoded are the agent's.

    Raises `BackendError` where packages or weights are missing or don't fit.
    """
    if checkpoint.mimi_config is None:
        return RustyCodec(checkpoint.mimi, codebooks)
    require_mlx()
    return MlxCodec(checkpoint, chosen_device(settings.device), codebooks)


class MlxCodec:
    """moshi_mlx's Mimi, for shapes that rustymimi does not know. See `contract.Codec`.

    Upstream's streaming lets the transformers look at both of a frame's positions at once and
    keeps all positions for ever; here they pass one by one through a ring as long as the context,
    which is how Mimi was trained (Défossez et al. 2024, section 3.3) and does not grow.
    """

    def __init__(self, checkpoint: Checkpoint, device: Any, codebooks: int) -> None:
        import mlx.core as mx
        from moshi_mlx.models.mimi import Mimi

        self.codebooks = codebooks
        self._mx = mx
        self._device = device
        path = checkpoint.mimi
        stored = stored_codebooks(path, codebooks)
        with mx.stream(device), explained("loading the codec"):
            try:
                config = _mimi_config(checkpoint.mimi_config or {}, stored)
                self._mimi = Mimi(config)
                self._mimi.load_pytorch_weights(str(path), strict=True)
            except (KeyError, ValueError) as error:
                raise BackendError(
                    f"{path.name} does not fit its configuration: {str(error).splitlines()[0]}",
                    "Download the checkpoint again: assistant models pull",
                ) from error
            self._context = config.transformer.context
            self.reset_encoder()
            self.reset_decoder()
            # What is still to compute could not be computed by another thread.
            self.decode(self.encode(np.zeros(FRAME_SAMPLES, np.float32))[:8])
        self.reset_encoder()
        self.reset_decoder()

    def encode(self, frame: Float32) -> Codes:
        if frame.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame is {FRAME_SAMPLES} samples, not {frame.shape}")
        mx, mimi = self._mx, self._mimi
        with mx.stream(self._device), explained("encoding"):
            latents = mimi.encoder.step(mx.array(frame.astype(np.float32))[None, None])
            latents = self._one_by_one(mimi.encoder_transformer, latents, self._encoder_caches)
            codes = mimi.quantizer.encode(mimi.downsample.step(latents))
            column: Codes = np.array(codes)[0, : self.codebooks, 0].astype(np.int64)
        return column

    def decode(self, codes: Codes) -> Float32:
        mx, mimi = self._mx, self._mimi
        with mx.stream(self._device), explained("decoding"):
            latents = mimi.quantizer.decode(mx.array(codes.astype(np.int32))[None, :, None])
            latents = mimi.upsample.step(latents)
            latents = self._one_by_one(mimi.decoder_transformer, latents, self._decoder_caches)
            sound: Float32 = np.array(mimi.decoder.step(latents))[0, 0].astype(np.float32)
        return sound

    def reset_encoder(self) -> None:
        self._encoder_caches = self._caches(self._mimi.encoder_transformer)
        self._mimi.encoder.reset_state()
        self._mimi.downsample.reset_state()

    def reset_decoder(self) -> None:
        self._decoder_caches = self._caches(self._mimi.decoder_transformer)
        self._mimi.decoder.reset_state()
        self._mimi.upsample.reset_state()

    def _caches(self, transformer: Any) -> list[Any]:
        from moshi_mlx.modules.transformer import LayerCache

        from assistant.backends.moshi.mlx.state import RingCache

        return [LayerCache(RingCache(self._context)) for _ in transformer.transformer.layers]

    def _one_by_one(self, transformer: Any, latents: Any, caches: list[Any]) -> Any:
        """Latents [1, dim, positions] through a transformer, each position after the other."""
        columns = range(latents.shape[-1])
        return self._mx.concatenate(
            [transformer(latents[..., i : i + 1], cache=caches)[0] for i in columns], axis=-1
        )


def _mimi_config(config: dict[str, Any], codebooks: int) -> Any:
    """moshi's configuration in moshi_mlx's words. Raises KeyError where something is not said."""
    from moshi_mlx.models.mimi import MimiConfig
    from moshi_mlx.modules import SeanetConfig, TransformerConfig

    seanet, transformer, quantizer = (
        config["seanet"],
        config["transformer"],
        config["quantizer"],
    )
    return MimiConfig(
        channels=config["channels"],
        sample_rate=config["sample_rate"],
        frame_rate=config["frame_rate"],
        renormalize=True,
        seanet=SeanetConfig(
            dimension=seanet["dimension"],
            channels=seanet["channels"],
            causal=seanet["causal"],
            nfilters=seanet["n_filters"],
            nresidual_layers=seanet["n_residual_layers"],
            ratios=seanet["ratios"],
            ksize=seanet["kernel_size"],
            residual_ksize=seanet["residual_kernel_size"],
            last_ksize=seanet["last_kernel_size"],
            dilation_base=seanet["dilation_base"],
            pad_mode=seanet["pad_mode"],
            true_skip=seanet["true_skip"],
            compress=seanet["compress"],
        ),
        transformer=TransformerConfig(
            d_model=transformer["d_model"],
            num_heads=transformer["num_heads"],
            num_layers=transformer["num_layers"],
            causal=transformer["causal"],
            norm_first=True,
            bias_ff=False,
            bias_attn=False,
            layer_scale=transformer["layer_scale"],
            positional_embedding=transformer["positional_embedding"],
            use_conv_bias=True,
            gating=transformer["gating"] != "none",
            norm=transformer["norm"],
            context=transformer["context"],
            max_period=transformer["max_period"],
            max_seq_len=transformer["context"],
            kv_repeat=1,
            dim_feedforward=transformer["dim_feedforward"],
            conv_layout=transformer["conv_layout"],
            use_conv_block=False,
            cross_attention=False,
            conv_kernel_size=3,
        ),
        quantizer_nq=codebooks,
        quantizer_bins=quantizer["bins"],
        quantizer_dim=quantizer["dimension"],
    )
