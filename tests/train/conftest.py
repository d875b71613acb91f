from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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
