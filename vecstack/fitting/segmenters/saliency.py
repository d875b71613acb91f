"""What stands out in a picture, by a net that others trained."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from PIL import Image

from vecstack.errors import WeightsError
from vecstack.extras import install
from vecstack.fitting.segmenters.published import U2NETP
from vecstack.fitting.segmenters.small import IMAGENET_DEVIATION, IMAGENET_MEAN, resized
from vecstack.pictures.read import Picture

SIDE = 320  # px of its input


def saliency(picture: Picture, weights: str | os.PathLike[str] | None = None) -> np.ndarray:
    """How much each pixel belongs to what stands out: [H,W] float32 in 0..1. `weights` is the file of U2-Net-p's, if
    not where they are looked for. Raises WeightsError: no onnxruntime, no file, or another one."""
    values = resized(picture, SIDE, SIDE)
    values = (values / max(float(values.max()), 1 / 255) - IMAGENET_MEAN) / IMAGENET_DEVIATION
    session = _session(U2NETP.read(weights))
    found = session.run(None, {session.get_inputs()[0].name: values.transpose(2, 0, 1)[None].astype(np.float32)})[0]
    mask = np.squeeze(found)
    mask = (mask - mask.min()) / max(float(np.ptp(mask)), 1e-6)
    large = Image.fromarray(mask.astype(np.float32)).resize((picture.width, picture.height), Image.Resampling.BILINEAR)
    shares: np.ndarray = np.asarray(large).clip(0, 1)
    return shares


def _session(data: bytes) -> Any:
    """The net, ready to run."""
    try:
        import onnxruntime
    except ImportError as error:
        raise WeightsError(
            f"{U2NETP.name} needs the package onnxruntime, which runs it. {install('segments')}"
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
