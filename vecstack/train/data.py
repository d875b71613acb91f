"""Training pictures: zips and folders decoded once into memory, a held-out part, and examples cut from them."""

from __future__ import annotations

import math
import typing
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from vecstack.errors import PictureError, RecipeError
from vecstack.image import Picture, load_picture
from vecstack.kinds.mask.model import fit_to_side
from vecstack.train.recipe import DataRecipe

HELD_OUT = 0.1  # share of each class, the last by file name, that is never trained on
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp"}
BLACK = (0.0, 0.0, 0.0)
# What opening a zip or a member raises: damaged, encrypted (RuntimeError) or packed in an unknown way (a kind of it).
ZIP_ERRORS = (OSError, zipfile.BadZipFile, RuntimeError, ValueError, EOFError, zlib.error)


@dataclass(frozen=True)
class Entry:
    """A picture that is still to be read: its name within a folder or zip `source`, and the zip, open."""

    source: Path
    name: str
    archive: zipfile.ZipFile | None = None


def load_pictures(paths: Sequence[Path], side: int) -> tuple[Tensor, Tensor]:
    """All pictures in folders and zips as (training part, held-out part), each [N,3,side,side] uint8, resized
    to `side` pixels (short side, then the middle), over black where transparent. The last tenth of each class
    (folder) by file name is held out. Hidden files are passed by. Raises RecipeError."""
    with ExitStack() as archives:
        entries = [entry for path in paths for entry in _entries(path, archives)]
        where = ", ".join(map(str, paths))
        if not entries:
            raise RecipeError(f"No pictures in {where}. Give folders or zips of pictures.")
        training, held_out = _split(entries)
        if not training:
            raise RecipeError(
                f"{where}: nothing to train on, since the last tenth of each folder is held out. "
                "Give folders of at least two pictures."
            )
        return _decode(training, side), _decode(held_out, side)


def _entries(path: Path, archives: ExitStack) -> list[Entry]:
    """The pictures of a folder or zip, not yet read; the zip stays open until `archives` close."""
    try:
        if path.is_dir():
            files = (file for file in sorted(path.rglob("*")) if not file.is_dir())
            found = [Entry(path, file.relative_to(path).as_posix()) for file in files]
        else:
            archive = archives.enter_context(zipfile.ZipFile(path))
            found = [Entry(path, info.filename, archive) for info in archive.infolist() if not info.is_dir()]
    except ZIP_ERRORS as error:
        raise RecipeError(f"{path}: cannot be read as a folder or zip of pictures ({error}).") from error
    return [entry for entry in found if _is_picture(PurePosixPath(entry.name))]


def _is_picture(name: PurePosixPath) -> bool:
    """Whether a name is that of a picture, not hidden, and not one of the forks that macOS puts beside files."""
    return name.suffix.lower() in SUFFIXES and not any(part.startswith((".", "__MACOSX")) for part in name.parts)


def _split(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """The entries to train on and those held out, the last of each class."""
    classes: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        classes[str(PurePosixPath(entry.name).parent)].append(entry)
    training: list[Entry] = []
    held_out: list[Entry] = []
    for _, members in sorted(classes.items()):
        members.sort(key=lambda entry: PurePosixPath(entry.name).name)
        first_held = len(members) - max(1, round(len(members) * HELD_OUT))
        training += members[:first_held]
        held_out += members[first_held:]
    return training, held_out


def _decode(entries: Sequence[Entry], side: int) -> Tensor:
    """The pictures of entries, read one after another: [N,3,side,side] uint8. Raises RecipeError."""
    pictures = torch.empty(len(entries), 3, side, side, dtype=torch.uint8)
    for index, entry in enumerate(entries):
        values = np.rint(_read(entry).over(BLACK) * 255).astype(np.uint8)
        fitted = ImageOps.fit(Image.fromarray(values), (side, side), Image.Resampling.BOX)
        pictures[index] = torch.from_numpy(np.array(fitted)).permute(2, 0, 1)
    return pictures


def _read(entry: Entry) -> Picture:
    """The picture of an entry. Raises RecipeError, naming it."""
    try:
        if entry.archive is None:
            return load_picture(entry.source / entry.name)
        with entry.archive.open(entry.name) as file:
            return load_picture(typing.cast(typing.BinaryIO, file))
    except PictureError as error:
        name = "" if entry.archive is None else f"{entry.source}: "
        raise RecipeError(f"{name}{error} Or take it out of the training data.") from error
    except ZIP_ERRORS as error:
        raise RecipeError(
            f"{entry.source}: {entry.name}: cannot be unpacked ({error}). Take it out of the training data."
        ) from error


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
