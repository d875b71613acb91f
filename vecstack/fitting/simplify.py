"""Simplify: a picture with less and less detail, whose simplest one says what its structure is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vecstack.errors import UsageError, WeightsError
from vecstack.extras import install
from vecstack.fitting.segmenters.pretrained import folder_of, loading
from vecstack.fitting.segmenters.small import long_side
from vecstack.pictures.read import Picture

if TYPE_CHECKING:
    import torch
    from torch import Tensor

SDS = "sds"
LEVELS, STEPS = 4, 15  # pictures that are kept, and steps to each from the one before, which has more detail
RATE = 0.1  # of a step, in latents
NOISE = (0.02, 0.5)  # from where to where on the way to noise alone, of which a step adds one at random


def simplified(picture: Picture, simplify: str, device: torch.device, seed: int) -> tuple[np.ndarray, ...]:
    """A picture [3,h,w] (float32 in 0..1) with less detail and others with more and more, by what is named: "sds:", and
    the folder or the Hub repository of a Stable Diffusion of the package diffusers.

    Steps go down the gradient of score distillation without words (Poole and others, DreamFusion, 2023; Wang and
    others, Layered Image Vectorization via Semantic Simplification, 2025): noise is added to the picture's latents, the
    net says which noise it sees, and what it takes for noise beyond that is taken out. Raises UsageError (another
    name), WeightsError (no diffusers or transformers, no weights, damaged ones, or of another net)."""
    folder = nets_of(simplify)  # first, since importing the packages takes long and may say something
    import torch

    pipeline = _loaded(folder, device)
    factor = 2 ** (len(pipeline.vae.config.block_out_channels) - 1)
    multiple = factor * 2 ** (len(pipeline.unet.config.block_out_channels) - 1)
    pixels = long_side(picture, max(int(pipeline.unet.config.sample_size) * factor, multiple), multiple)
    values = torch.from_numpy(pixels.transpose(2, 0, 1)[None]).to(device, pipeline.unet.dtype) * 2 - 1
    with torch.inference_mode():
        latents = pipeline.vae.encode(values).latent_dist.mode() * pipeline.vae.config.scaling_factor
        generator = torch.Generator().manual_seed(seed)
        found = []
        for _ in range(LEVELS):
            for _ in range(STEPS):
                latents = latents - RATE * _gradient(pipeline, latents, generator)
            found.append(_decoded(pipeline, latents))
    return tuple(reversed(found))


def nets_of(simplify: str) -> Path:
    """The folder of the nets that take out detail. Raises UsageError (not "sds:"), WeightsError (no weights)."""
    name, _, weights = simplify.partition(":")
    if name != SDS:
        raise UsageError(
            f"simplify must be {SDS}:PATH or {SDS}:OWNER/NAME@REVISION, not {simplify!r:.80}.", parameter="simplify"
        )
    return folder_of(SDS, weights or None)


def _loaded(folder: Path, device: torch.device) -> Any:
    """The nets: what makes latents of pictures, what sees noise in them, and what reads words."""
    try:
        from diffusers import StableDiffusionPipeline
        from diffusers.utils import logging as diffusers_logging
        from transformers.utils import logging as transformers_logging
    except ImportError as error:
        raise WeightsError(f"{SDS} needs the packages diffusers and transformers. {install('sds')}") from error
    with loading(SDS, folder, diffusers_logging, transformers_logging):
        pipeline = StableDiffusionPipeline.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            low_cpu_mem_usage=False,
            safety_checker=None,
            feature_extractor=None,
        )
    return pipeline.to(device)


def _gradient(pipeline: Any, latents: Tensor, generator: torch.Generator) -> Tensor:
    """The direction in which latents [1,C,h,w] become less likely to a net that is told nothing."""
    import torch

    scheduler = pipeline.scheduler
    first, end = (int(share * scheduler.config.num_train_timesteps) for share in NOISE)
    step = torch.randint(first, end, (1,), generator=generator).to(latents.device)
    noise = torch.randn(latents.shape, generator=generator).to(latents)
    noisy = scheduler.add_noise(latents, noise, step)
    words = pipeline.encode_prompt("", latents.device, 1, False)[0]
    said = pipeline.unet(noisy, step, encoder_hidden_states=words).sample
    left = float(scheduler.alphas_cumprod[int(step)])  # of the picture's variance
    if scheduler.config.prediction_type == "v_prediction":
        said = left**0.5 * said + (1 - left) ** 0.5 * noisy
    gradient: Tensor = (1 - left) * (said - noise)
    return gradient


def _decoded(pipeline: Any, latents: Tensor) -> np.ndarray:
    """The picture [3,h,w] of latents [1,C,h,w]."""
    values = pipeline.vae.decode(latents / pipeline.vae.config.scaling_factor).sample[0]
    pixels: np.ndarray = ((values + 1) / 2).clamp(0, 1).float().cpu().numpy()
    return pixels
