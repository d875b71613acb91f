"""What stands out in a picture, by a net that others trained."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vecstack.errors import WeightsError
from vecstack.extras import install
from vecstack.pictures.read import Picture

SALIENCY = "u2netp"  # U2-Net, small (Qin et al., Pattern Recognition 2020): 4.6 MB, MIT or Apache-2.0
FILE, FOLDER, PACKAGE = "u2netp.onnx", "~/.u2net", "rembg"  # where users of rembg have it
SHA256 = "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8"
SIDE = 320  # px of its input
MEAN, DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of ImageNet


def is_weights(path: Path) -> bool:
    """Whether a path is that of weights, and not of a picture."""
    return path.suffix.lower() == ".onnx"


def saliency(picture: Picture, weights: str | os.PathLike[str] = SALIENCY) -> np.ndarray:
    """How much each pixel belongs to what stands out: [H,W] float32 in 0..1. `weights` is a file of them, or "u2netp"
    for one where rembg keeps it. Raises WeightsError: no onnxruntime, no file, or another one."""
    small = Image.fromarray(np.rint(picture.over((1.0, 1.0, 1.0)) * 255).astype(np.uint8))
    values = np.asarray(small.resize((SIDE, SIDE), Image.Resampling.LANCZOS), np.float64)
    values = (values / max(values.max(), 1.0) - MEAN) / DEVIATION
    session = _session(_found(weights))
    found = session.run(None, {session.get_inputs()[0].name: values.transpose(2, 0, 1)[None].astype(np.float32)})[0]
    mask = np.squeeze(found)
    mask = (mask - mask.min()) / max(float(np.ptp(mask)), 1e-6)
    large = Image.fromarray(mask.astype(np.float32)).resize((picture.width, picture.height), Image.Resampling.BILINEAR)
    shares: np.ndarray = np.asarray(large).clip(0, 1)
    return shares


def _found(weights: str | os.PathLike[str]) -> bytes:
    """The bytes of the weights, which are the published ones."""
    places = [Path(FOLDER).expanduser() / FILE, *_packaged()] if str(weights) == SALIENCY else [Path(weights)]
    place = next((place for place in places if place.is_file()), None)
    if place is None:
        if str(weights) != SALIENCY:
            raise WeightsError(f"there is no file {os.fspath(weights)!r:.80}; check the path.")
        raise WeightsError(
            f"{SALIENCY} needs its weights, {FILE} (4.6 MB, as rembg has them): "
            f"put them into {FOLDER}, or name their file."
        )
    data = place.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise WeightsError(f"{place} is damaged, or another net than {SALIENCY}: its sha256 must begin {SHA256[:12]}.")
    return data


def _packaged() -> list[Path]:
    """Where an installed package has the file; it is not imported."""
    spec = importlib.util.find_spec(PACKAGE)
    folders = [] if spec is None else spec.submodule_search_locations or []
    return [Path(folder) / FILE for folder in folders]


def _session(data: bytes) -> Any:
    """The net, ready to run."""
    try:
        import onnxruntime
    except ImportError as error:
        raise WeightsError(f"{SALIENCY} needs the package onnxruntime, which runs it. {install('segments')}") from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
