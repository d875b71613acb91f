from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vecstack import load
from vecstack.editing.adjust import Adjustment, adjust
from vecstack.pictures.read import load_picture
from vecstack.pictures.write import pixels_to_file

Call = Callable[..., Any]


@pytest.fixture
def call(vecstack: Call, document: Path, photo: Path) -> Call:
    """Runs adjust on the test picture and its layers."""
    return lambda *words: vecstack("adjust", photo, "--layers", document, *words)


@pytest.mark.slow
def test_a_picture_becomes_that_of_the_library(call: Call, document: Path, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    words = ["--brightness", "0.3", "--contrast", "-0.2", "--saturation", "0.5", "--hue", "-30", "--blur", "1.5"]
    result = call("--mask", "2,layer-3", *words, "--tint", "tomato=0.5", "--invert", "-o", out)
    assert (result.code, result.out, result.err) == (0, "", "")
    adjustment = Adjustment(0.3, -0.2, 0.5, -30, "tomato", 0.5, 1.5)
    wanted = adjust(photo, load(document), "2-3", adjustment, invert=True)
    assert (np.asarray(Image.open(out)) == wanted).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["png", "tiff"])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bits_are_kept(
    vecstack: Call, document: Path, tmp_path: Path, name: str, channels: int, pixels: np.ndarray
) -> None:
    deep = pixels.astype(np.uint16) * 257 + 3
    deep = np.concatenate([deep, 65535 - deep], 2)[..., :channels]
    source, out = tmp_path / f"deep.{name}", tmp_path / f"out.{name}"
    pixels_to_file(deep, source)
    words = ["--layers", document, "--mask", "1", "--brightness", "0.2"]
    assert vecstack("adjust", source, *words, "-o", out).code == 0
    written = load_picture(out)
    assert written.depth == 16
    wanted = adjust(deep, load(document), "1", Adjustment(0.2))
    assert (np.rint(written.pixels * 65535) == wanted[..., :3]).all()
    assert written.alpha is None or (np.rint(written.alpha * 65535) == deep[..., 3]).all()
    assert vecstack("adjust", source, *words, "-o", tmp_path / "small.webp").code == 0
    assert load_picture(tmp_path / "small.webp").depth == 8


def test_several_pictures_go_into_a_folder_and_one_to_standard_output(
    vecstack: Call, call: Call, document: Path, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second.png"
    second.write_bytes(photo.read_bytes())
    words = ["--layers", document, "--mask", "1", "--hue", "90"]
    result = vecstack("adjust", photo, second, *words, "-o", tmp_path / "out")
    assert result.code == 0
    assert f"the masks of {document} go over all 2 pictures; --layers DIR takes each picture's own" in result.err
    names = ["photo.png", "second.png"]
    assert [(tmp_path / "out" / name).is_file() for name in names] == [True, True]
    stream = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stdout", stream)
    assert call("--mask", "1", "--hue", "90", "-o", "-").code == 0
    assert stream.buffer.getvalue() == (tmp_path / "out" / "photo.png").read_bytes()  # type: ignore[attr-defined]


def test_each_picture_of_a_folder_has_its_own_layers(
    vecstack: Call, document: Path, photo: Path, tmp_path: Path, pixels: np.ndarray
) -> None:
    folder, stacks = tmp_path / "photos", tmp_path / "stacks"
    folder.mkdir()
    stacks.mkdir()
    wide = pixels.transpose(1, 0, 2)
    pixels_to_file(wide, folder / "wide.png")
    (folder / "tall.png").write_bytes(photo.read_bytes())
    (stacks / "tall.layers").write_bytes(document.read_bytes())
    words = ["--layers", stacks, "--mask", "1", "--hue", "90"]
    result = vecstack("adjust", folder, *words, "-o", tmp_path / "out")
    assert result.code == 7
    assert f"{stacks} has 0 layer files called wide; {folder / 'wide.png'} needs exactly one" in result.err
    assert "go over all" not in result.err
    alone = tmp_path / "alone.png"
    vecstack("adjust", photo, "--layers", document, *words[2:], "-o", alone)
    assert (tmp_path / "out" / "tall.png").read_bytes() == alone.read_bytes()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--mask", "1", "-o", "out.png"], 2, "nothing to adjust; set at least one of"),
        (["--mask", "1", "--hue", "90"], 2, "adjust needs an output; name one with -o"),
        (["--hue", "90", "-o", "out.png"], 2, "--mask"),
        (["--mask", "9", "--hue", "90", "-o", "out.png"], 3, "no layers 9; they are numbered 1 (the lowest) to 3"),
        (["--mask", "layer-33", "--hue", "90", "-o", "out.png"], 3, "nearest are 'layer-3'"),
        (["--mask", "", "--hue", "90", "-o", "out.png"], 2, "selects no layers"),
        (["--mask", "1", "--hue", "nan", "-o", "out.png"], 2, "vecstack: --hue must be -360 to 360, not nan."),
        (["--mask", "1", "--blur", "-1", "-o", "out.png"], 2, "--blur must be 0 to 250"),
        (["--mask", "1", "--tint", "red=much", "-o", "out.png"], 2, "--tint 'red=much'"),
        (["--mask", "1", "--tint", "reddish", "-o", "out.png"], 2, "--tint: 'reddish' is not a colour"),
        (["--mask", "1", "--tint", "red=2", "-o", "out.png"], 2, "the strength of --tint must be 0 to 1"),
        (
            ["--mask", "1", "--hue", "90", "-o", "out.psd"],
            4,
            "'psd' is not a picture format; use png, tiff,",
        ),
        (["--mask", "1", "--hue", "90", "-o", "photo.png", "--overwrite"], 4, "is an input"),
        (["--mask", "1", "--hue", "90", "-o", "small.png"], 4, "exists"),
    ],
)
def test_calls_that_cannot_be_meant_are_refused_in_one_line(
    call: Call, tmp_path: Path, words: list[str], code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.png").write_bytes(b"mine")
    result = call(*words)
    assert (result.code, result.err.count("\n")) == (code, 1)
    assert message in result.err
    assert not Path("out.png").exists()
    assert Path("small.png").read_bytes() == b"mine"


@pytest.mark.slow
def test_a_picture_of_another_shape_is_named(vecstack: Call, document: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    Image.new("RGB", (40, 40)).save(other)
    words = ["--layers", document, "--mask", "1", "--hue", "9", "-o", tmp_path / "out.png"]
    result = vecstack("adjust", other, *words)
    assert (result.code, result.err.count("\n")) == (3, 1)
    assert f"{other}: the picture is 40 x 40 and the canvas 37 x 53" in result.err
    assert vecstack("adjust", tmp_path / "none.png", *words).code == 3
    assert vecstack("adjust", other, "--layers", tmp_path / "none.layers", *words[2:]).code == 3


def test_layers_that_a_file_does_not_have_are_told_with_its_name(call: Call, document: Path, tmp_path: Path) -> None:
    result = call("--mask", "9", "--hue", "90", "-o", tmp_path / "out.png")
    assert result.err == f"vecstack: {document}: no layers 9; they are numbered 1 (the lowest) to 3.\n"


def test_webp_keeps_every_pixel(vecstack: Call, document: Path, tmp_path: Path, pixels: np.ndarray) -> None:
    clear = np.concatenate([pixels, pixels[..., :1] // 2], 2)
    clear[:9, :, 3] = 0  # whose colours stay, too
    source = tmp_path / "clear.png"
    pixels_to_file(clear, source)
    words = ["--layers", document, "--mask", "1", "--contrast", "0.4", "-o"]
    for ending in ("png", "webp"):
        assert vecstack("adjust", source, *words, tmp_path / f"out.{ending}").code == 0
    written = [np.asarray(Image.open(tmp_path / f"out.{ending}")) for ending in ("png", "webp")]
    assert (written[0] == written[1]).all()


def test_exif_data_and_dpi_stay_unless_they_are_dropped(vecstack: Call, document: Path, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Camera", 3
    source = tmp_path / "photo.jpg"
    width, height = load(document).canvas.width, load(document).canvas.height
    Image.new("RGB", (width, height), "teal").save(source, exif=exif, dpi=(300, 300))
    words = ["--layers", document, "--mask", "1", "--hue", "90"]
    assert vecstack("adjust", source, *words, "-o", tmp_path / "kept.jpg").code == 0
    assert vecstack("adjust", source, *words, "-o", tmp_path / "bare.jpg", "--drop-metadata").code == 0
    with Image.open(tmp_path / "kept.jpg") as kept, Image.open(tmp_path / "bare.jpg") as bare:
        assert dict(kept.getexif()) == {0x010F: "Camera", 0x0112: 1}
        assert kept.info["dpi"] == (300, 300)
        assert not dict(bare.getexif())
        assert bare.info.get("dpi") != (300, 300)


def test_a_folder_is_adjusted_and_gone_on_with_as_long_as_the_layers_are_the_same(
    vecstack: Call, document: Path, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "in" / name).write_bytes(photo.read_bytes())
    (tmp_path / "in/broken.png").write_bytes(photo.read_bytes()[:40])

    def told() -> dict[str, int]:
        words = ("--layers", document, "--mask", "1", "--hue", "90", "-o", tmp_path / "out", "-j", 1)
        result = vecstack("adjust", tmp_path / "in", *words, "--resume", "--json")
        counts = json.loads(result.out.splitlines()[-1])["summary"]
        return {name: counts[name] for name in ("done", "skipped", "failed")}

    assert told() == {"done": 2, "skipped": 0, "failed": 1}
    assert told() == {"done": 0, "skipped": 2, "failed": 1}
    other = tmp_path / "other.layers"
    assert vecstack("edit", document, "-o", other, "--remove", "2").code == 0
    document.write_bytes(other.read_bytes())
    assert told() == {"done": 2, "skipped": 0, "failed": 1}
