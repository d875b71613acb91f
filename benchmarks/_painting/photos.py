"""Photos at 512 px, and how close pictures of them come."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

OF_SKLEARN = ("china", "flower")
OWN = Path(__file__).parents[2] / "examples"  # holds photos of ours, as NAME.jpg
SIDE = 512


def photo(name: str) -> Image.Image:
    """A photo of ours, of scikit-image or of scikit-learn, at SIDE on its long side."""
    if (OWN / f"{name}.jpg").exists():
        picture = Image.open(OWN / f"{name}.jpg")
    elif name in OF_SKLEARN:
        from sklearn.datasets import load_sample_image  # type: ignore[import-untyped]

        picture = Image.fromarray(load_sample_image(f"{name}.jpg"))
    else:
        from skimage import data

        picture = Image.fromarray(getattr(data, name)())
    picture = picture.convert("RGB")
    picture.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return picture


def closeness(drawn: np.ndarray, picture: Image.Image) -> tuple[float, float]:
    """PSNR in dB, and mean absolute difference of 1, of a drawing [H,W,3] in 0..255."""
    off = np.abs(drawn.astype(float) - np.asarray(picture)) / 255
    return psnr(float(np.square(off).mean())), float(off.mean())


def psnr(error: float) -> float:
    """In dB, of a mean squared error."""
    return float(-10 * np.log10(error))
