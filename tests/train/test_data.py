from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vecstack.errors import RecipeError
from vecstack.train.data import Examples, load_pictures
from vecstack.train.recipe import DataRecipe


def test_the_last_tenth_of_each_class_is_held_out(picture_zip: Path) -> None:
    training, held_out = load_pictures([picture_zip], 16)
    assert training.shape == (36, 3, 16, 16)
    assert held_out.shape == (4, 3, 16, 16)
    assert training[:, 0, 0, 0].tolist() == [*range(18), *range(18)]
    assert held_out[:, 0, 0, 0].tolist() == [18, 19, 18, 19]


def test_a_folder_gives_what_its_zip_gives(picture_zip: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(picture_zip) as archive:
        archive.extractall(tmp_path / "folder")
    for one, other in zip(load_pictures([picture_zip], 16), load_pictures([tmp_path / "folder"], 16), strict=True):
        assert torch.equal(one, other)


def test_a_class_that_is_spread_over_files_is_one_class(tmp_path: Path, picture_zip: Path) -> None:
    """CIFAR's pictures lie odd and even in two zips; its held-out part must not depend on that."""
    parts = [tmp_path / "even.zip", tmp_path / "odd.zip"]
    with zipfile.ZipFile(picture_zip) as archive:
        for remainder, part in enumerate(parts):
            with zipfile.ZipFile(part, "w") as half:
                for index, name in enumerate(archive.namelist()):
                    if index % 2 == remainder:
                        half.writestr(name, archive.read(name))
    assert torch.equal(load_pictures(parts, 16)[1], load_pictures([picture_zip], 16)[1])


@pytest.mark.parametrize("content", [None, b"not a zip", b""])
def test_data_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "data.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RecipeError, match=r"data\.zip"):
        load_pictures([path], 16)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(RecipeError, match=r"bad\.png"):
        load_pictures([tmp_path], 16)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="No pictures"):
        load_pictures([tmp_path], 16)


def examples(recipe: DataRecipe, seed: int = 0) -> Examples:
    x = torch.arange(20, dtype=torch.uint8).expand(3, 20, 20) * 10
    return Examples(x[None].repeat(5, 1, 1, 1), recipe, torch.Generator().manual_seed(seed))


def test_plain_examples_are_the_pictures() -> None:
    batch = examples(DataRecipe(side=20, stored_side=20)).batch(2)
    torch.testing.assert_close(batch[0, 0, 0], torch.arange(20) * 10 / 255)


def test_half_of_the_examples_are_mirrored() -> None:
    batch = examples(DataRecipe(side=20, stored_side=20, flip=True)).batch(200)
    mirrored = float((batch[:, 0, 0, 0] > batch[:, 0, 0, -1]).float().mean())
    assert 0.35 < mirrored < 0.65


def test_crops_are_parts_of_the_pictures_at_the_side_asked_for() -> None:
    batch = examples(DataRecipe(side=16, stored_side=20, smallest_crop=0.5)).batch(50)
    assert batch.shape == (50, 3, 16, 16)
    steps = batch[:, 0, 8].diff(dim=1).mean(1)
    assert bool((steps > 0).all())
    assert float(batch.max()) <= 190 / 255 + 1e-6


def test_warps_move_the_share_asked_for() -> None:
    recipe = DataRecipe(side=20, stored_side=20, rotate_degrees=20, zoom=0.2, shift=0.1, warped_share=0.5)
    still = examples(DataRecipe(side=20, stored_side=20)).batch(1)[0]
    moved = (examples(recipe).batch(200) - still).abs().amax((1, 2, 3)) > 1e-3
    assert 0.35 < float(moved.float().mean()) < 0.65


def test_the_same_seed_gives_the_same_examples() -> None:
    recipe = DataRecipe(side=16, stored_side=20, flip=True, smallest_crop=0.5, rotate_degrees=5)
    assert torch.equal(examples(recipe, 3).batch(8), examples(recipe, 3).batch(8))
    assert not torch.equal(examples(recipe, 3).batch(8), examples(replace(recipe, flip=False), 4).batch(8))
