from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vecstack.kinds.mask.baselines import BaselineSizes, BaselineTrainee
from vecstack.kinds.mask.model import ModelSizes
from vecstack.kinds.mask.training import MaskTrainee
from vecstack.train.recipe import Recipe

RECIPE = """\
name = "tiny"
steps = 6
batch = 4
evaluate_every = 3

[data]
stored_side = 20
side = 16
flip = true
smallest_crop = 0.7

[model]
layers = 3
canvas_side = 8

[model.net]
code = 3
width = 8
depth = 2

[model.encoder]
side = 16
width = 8
blocks = [1, 1, 1, 1]
stem_pool = false
"""


GENERATOR_RECIPE = """\
name = "tiny-generator"
steps = 4
batch = 4
warmup_steps = 0
first_moment_decay = 0.0
evaluate_every = 2

[loss]
adversarial = 1.0
discriminator_layers = 3

[data]
stored_side = 16
side = 16

[generator]
layers = 3
noise = 4
width = 16
canvas_side = 16

[generator.net]
code = 3
width = 8
depth = 2

[generator.encoder]
side = 16
width = 8
blocks = [1, 1, 1, 1]
stem_pool = false
"""


ENHANCER_RECIPE = """\
name = "tiny-enhancer"
steps = 4
batch = 4
evaluate_every = 2

[loss]
absolute = 1.0
adversarial = 0.1
adversary = "logistic"
discriminator_width = 8

[data]
stored_side = 20
side = 16
flip = true
smallest_crop = 0.7

[enhancer]
of = "WEIGHTS"
side = 16
pairs = 20

[enhancer.net]
width = 4
levels = 2
"""


def sizes_of(recipe: Recipe) -> ModelSizes:
    """The sizes of the predictor that a recipe trains."""
    assert isinstance(recipe.trainee, MaskTrainee)
    return recipe.trainee.sizes


def with_sizes(recipe: Recipe, **changes: Any) -> Recipe:
    """The recipe with other sizes of its predictor."""
    return replace(recipe, trainee=MaskTrainee(replace(sizes_of(recipe), **changes)))


def with_baseline(recipe: Recipe, decoder: str = "mlp", side: int = 16) -> Recipe:
    """The recipe with a small baseline in place of its predictor."""
    trainee = BaselineTrainee(BaselineSizes(decoder, 8, side, sizes_of(recipe).encoder))
    return replace(recipe, trainee=trainee, data=replace(recipe.data, side=side))


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture
def picture_zip(tmp_path: Path) -> Path:
    """Two classes of 20 pictures each, 24 x 20 pixels; every picture has one colour, which is its number."""
    path = tmp_path / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for label in "ab":
            for number in range(20):
                buffer = io.BytesIO()
                Image.fromarray(np.full((20, 24, 3), number, np.uint8)).save(buffer, "PNG")
                archive.writestr(f"{label}/{number:03}.png", buffer.getvalue())
    return path
