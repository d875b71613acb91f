"""The paper's baselines (Sbai, Couprie, Aubry, ICIP 2020, Tables 4-7): other decoders behind the same encoder."""

from __future__ import annotations

from dataclasses import dataclass

from vecstack.kinds.mask.encoder import EncoderSizes


@dataclass(frozen=True)
class BaselineSizes:
    """Sizes of a baseline: which decoder (a key of DECODERS), numbers in the code between encoder and decoder, side
    of the picture in pixels, and the sizes of the encoder."""

    decoder: str = "mlp"
    numbers: int = 130
    side: int = 32
    encoder: EncoderSizes = EncoderSizes()
