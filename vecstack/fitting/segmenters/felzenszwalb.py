"""Parts of a picture by its colours, as Felzenszwalb and Huttenlocher find them."""

from __future__ import annotations

import numpy as np

from vecstack.errors import WeightsError
from vecstack.extras import install
from vecstack.fitting.segmenters.boundaries import joined
from vecstack.fitting.segmenters.small import long_side
from vecstack.fitting.segmenters.tree import tree_of_levels, wholes_of
from vecstack.kinds.base import Guide
from vecstack.pictures.read import Picture

SIDE = 320  # px of the long side, at most
BLUR_PX = 0.8  # of the paper
LEAST_SHARE = 1 / 400  # of the pixels, that a part takes
FINEST, COARSEST, HALVINGS = 100.0, 1e5, 6  # scales, between which the finest is sought that gives few enough parts


def felzenszwalb_parts(picture: Picture, most: int) -> Guide:
    """At most so many parts of a picture, of even or evenly varied colour, and the wholes that they make up
    (Felzenszwalb and Huttenlocher, Efficient Graph-Based Image Segmentation, IJCV 2004). Raises WeightsError: no
    scikit-image."""
    try:
        from skimage.segmentation import felzenszwalb
    except ImportError as error:
        raise WeightsError(f"felzenszwalb needs the package scikit-image. {install('segments')}") from error
    pixels = long_side(picture, min(SIDE, max(picture.width, picture.height)))
    least = round(LEAST_SHARE * pixels[..., 0].size)
    finest, coarsest = FINEST, COARSEST
    found = np.zeros(pixels.shape[:2], np.int64)
    for _ in range(HALVINGS):
        scale = (finest * coarsest) ** 0.5
        parts = felzenszwalb(pixels, scale=scale, sigma=BLUR_PX, min_size=least)
        if parts.max() < most:
            coarsest, found = scale, parts
        else:
            finest = scale
    coarse, fine = joined(found, _steps(pixels), (wholes_of(most), most))
    return tree_of_levels(coarse, fine)


def _steps(pixels: np.ndarray) -> np.ndarray:
    """How much the colour [H,W,3] changes around each pixel: [H,W]."""
    padded = np.pad(pixels, ((1, 1), (1, 1), (0, 0)), mode="edge")
    across, down = padded[1:-1, 2:] - padded[1:-1, :-2], padded[2:, 1:-1] - padded[:-2, 1:-1]
    steps: np.ndarray = np.sqrt(np.square(across).sum(2) + np.square(down).sum(2))
    return steps
