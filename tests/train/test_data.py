from __future__ import annotations

import io
import shutil
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

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
    write_picture(tmp_path / "good.png", 16, 16)
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(RecipeError, match=r"bad\.png"):
        load_pictures([tmp_path], 16)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="No pictures"):
        load_pictures([tmp_path], 16)


def write_picture(path: Path, height: int, width: int, mode: str = "RGB") -> Image.Image:
    """A noisy picture, always the same, written to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(7).integers(0, 256, (height, width, len(mode)), np.uint8)
    picture = Image.fromarray(values, mode)
    picture.save(path)
    return picture


@pytest.mark.parametrize(("height", "width", "side"), [(16, 16, 16), (37, 53, 16), (53, 37, 20), (11, 9, 16)])
def test_pictures_are_fitted_by_their_short_side_and_the_middle(
    tmp_path: Path, height: int, width: int, side: int
) -> None:
    picture = write_picture(tmp_path / "1.png", height, width)
    write_picture(tmp_path / "2.png", height, width)
    expected = np.asarray(ImageOps.fit(picture, (side, side), Image.Resampling.BOX))
    assert np.array_equal(load_pictures([tmp_path], side)[0][0].permute(1, 2, 0).numpy(), expected)


def test_pictures_are_read_as_decompose_reads_them(tmp_path: Path) -> None:
    """Turned upright, over black where they are transparent, grey of 16 bits not clipped."""
    sideways = Image.new("RGB", (16, 16), (0, 0, 0))
    sideways.paste((255, 255, 255), (0, 0, 16, 8))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its left side
    sideways.save(tmp_path / "1.jpg", exif=exif, quality=95)
    Image.new("RGBA", (16, 16), (200, 100, 50, 0)).save(tmp_path / "2.png")
    Image.fromarray(np.full((16, 16), 32768, np.uint16)).save(tmp_path / "3.png")
    write_picture(tmp_path / "4.png", 16, 16)
    upright, clear, deep = load_pictures([tmp_path], 16)[0]
    assert upright[0, :, 2].max() < 10
    assert upright[0, :, 13].min() > 245
    assert int(clear.max()) == 0
    assert deep.unique().tolist() == [128]


@pytest.mark.parametrize("packed", [False, True])
def test_hidden_files_and_forks_are_no_pictures(tmp_path: Path, packed: bool) -> None:
    folder = tmp_path / "data"
    for number in range(2):
        write_picture(folder / "a" / f"{number}.png", 16, 16)
    (folder / "folder.png").mkdir()
    for name in (".hidden.png", "a/._0.png", ".thumbnails/0.png", "__MACOSX/a/0.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"no picture")
    path = Path(shutil.make_archive(str(tmp_path / "data"), "zip", folder)) if packed else folder
    assert [len(part) for part in load_pictures([path], 16)] == [1, 1]


def damaged_zip(path: Path, damage: str) -> None:
    """A zip of two pictures, the second of which cannot be unpacked."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(3).integers(0, 256, (16, 16, 3), np.uint8)).save(buffer, "BMP")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("1.bmp", "2.bmp"):
            archive.writestr(name, buffer.getvalue())
    data = bytearray(path.read_bytes())
    local, central = data.rindex(b"PK\x03\x04"), data.rindex(b"PK\x01\x02")
    if damage == "stream":
        data[local + 40 : local + 80] = b"\xff" * 40
    elif damage == "encrypted":
        data[local + 6] |= 1
        data[central + 8] |= 1
    elif damage == "method":
        data[local + 8] = data[central + 10] = 99
    else:
        data[local : local + 4] = b"junk"
    path.write_bytes(data)


@pytest.mark.parametrize("damage", ["stream", "encrypted", "method", "header"])
def test_a_zip_member_that_cannot_be_unpacked_is_named(tmp_path: Path, damage: str) -> None:
    damaged_zip(tmp_path / "data.zip", damage)
    with pytest.raises(RecipeError, match=r"data\.zip: 2\.bmp") as caught:
        load_pictures([tmp_path / "data.zip"], 16)
    assert "\n" not in str(caught.value)


def test_classes_of_one_picture_leave_none_to_train_on_and_the_error_says_so(tmp_path: Path) -> None:
    write_picture(tmp_path / "a" / "1.png", 16, 16)
    write_picture(tmp_path / "b" / "1.png", 16, 16)
    with pytest.raises(RecipeError, match="at least two pictures") as caught:
        load_pictures([tmp_path], 16)
    assert "No pictures" not in str(caught.value)


def test_encoded_pictures_are_not_all_kept(tmp_path: Path) -> None:
    """Forty pictures of 300 kB each are read one after another, in the memory of a few."""
    for number in range(40):
        Image.new("RGB", (320, 320), (number, 0, 0)).save(tmp_path / f"{number:02}.bmp")
    load_pictures([tmp_path], 4)  # what is imported on the way counts only once
    tracemalloc.start()
    load_pictures([tmp_path], 4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * 320 * 320 * 3


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
