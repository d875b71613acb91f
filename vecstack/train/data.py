"""Training pictures: zips and folders decoded once into memory, a held-out part, and examples cut from them."""

from __future__ import annotations

import io
import math
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from vecstack.errors import RecipeError
from vecstack.kinds.mask.model import fit_to_side
from vecstack.train.recipe import DataRecipe

HELD_OUT = 0.1  # share of each class, the last by file name, that is never trained on
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}


def load_pictures(paths: Sequence[Path], side: int) -> tuple[Tensor, Tensor]:
    """All pictures in folders and zips as (training part, held-out part), each [N,3,side,side] uint8, resized
    to `side` pixels (short side, then the middle). The last tenth of each class (folder) by file name is held
    out. Raises RecipeError."""
    classes: dict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for path in paths:
        for name, data in _files(path):
            classes[str(PurePosixPath(name).parent)].append((PurePosixPath(name).name, data))
    train: list[np.ndarray] = []
    held: list[np.ndarray] = []
    for _, files in sorted(classes.items()):
        files.sort(key=lambda file: file[0])
        first_held = len(files) - max(1, round(len(files) * HELD_OUT))
        for index, (name, data) in enumerate(files):
            (train if index < first_held else held).append(_decode(name, data, side))
    if not train or not held:
        raise RecipeError(f"No pictures in {', '.join(map(str, paths))}. Give folders or zips of pictures.")
    return _tensor(train), _tensor(held)


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                if file.suffix.lower() in SUFFIXES:
                    yield file.relative_to(path).as_posix(), file.read_bytes()
            return
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if PurePosixPath(name).suffix.lower() in SUFFIXES:
                    yield name, archive.read(name)
    except (OSError, zipfile.BadZipFile) as error:
        raise RecipeError(f"{path}: cannot be read as a folder or zip of pictures ({error}).") from error


def _decode(name: str, data: bytes, side: int) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(data), formats=["PNG", "JPEG", "WEBP", "BMP"]) as picture:
            return np.asarray(ImageOps.fit(picture.convert("RGB"), (side, side), Image.Resampling.BOX))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise RecipeError(f"{name}: not a readable picture ({error}). Take it out of the training data.") from error


def _tensor(pictures: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()


class Examples:
    """Endless random batches [B,3,side,side] in 0..1, cropped, flipped and warped as the recipe says."""

    def __init__(self, pictures: Tensor, recipe: DataRecipe, generator: torch.Generator) -> None:
        self.pictures = pictures
        self.recipe = recipe
        self.generator = generator

    def batch(self, count: int) -> Tensor:
        """The next `count` examples."""
        recipe = self.recipe
        chosen = torch.randint(len(self.pictures), (count,), generator=self.generator)
        batch = self.pictures[chosen.to(self.pictures.device)].float() / 255
        batch = self._crop(batch) if recipe.smallest_crop < 1 else batch
        if recipe.rotate_degrees or recipe.zoom or recipe.shift:
            batch = self._warp(batch)
        if recipe.flip:
            mirrored = self._uniform(count, 1, 1, 1).to(batch.device) > 0
            batch = torch.where(mirrored, batch.flip(3), batch)
        return fit_to_side(batch, recipe.side)

    def _uniform(self, *shape: int) -> Tensor:
        """Random numbers in [-1, 1)."""
        return torch.rand(*shape, generator=self.generator) * 2 - 1

    def _crop(self, batch: Tensor) -> Tensor:
        """Square crops, of one random side for the whole batch, each at a place of its own."""
        count, _, side, _ = batch.shape
        smallest = math.ceil(self.recipe.smallest_crop * side)
        crop = int(torch.randint(smallest, side + 1, (), generator=self.generator))
        corners = torch.randint(0, side - crop + 1, (2, count), generator=self.generator).tolist()
        return torch.stack([p[:, y : y + crop, x : x + crop] for p, y, x in zip(batch, *corners, strict=True)])

    def _warp(self, batch: Tensor) -> Tensor:
        count = len(batch)
        angle = self._uniform(count) * math.radians(self.recipe.rotate_degrees)
        scale = 1 + self._uniform(2, count) * self.recipe.zoom
        shift = self._uniform(2, count) * 2 * self.recipe.shift
        rows = [
            torch.stack([angle.cos() * scale[0], -angle.sin() * scale[1], shift[0]], 1),
            torch.stack([angle.sin() * scale[0], angle.cos() * scale[1], shift[1]], 1),
        ]
        grid = affine_grid(torch.stack(rows, 1), list(batch.shape), align_corners=False)
        warped = grid_sample(batch, grid.to(batch.device), align_corners=False, padding_mode="border")
        chosen = torch.rand(count, 1, 1, 1, generator=self.generator) < self.recipe.warped_share
        return torch.where(chosen.to(batch.device), warped, batch)
