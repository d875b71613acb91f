from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shapely import Polygon

from tests.packing.examples import LEAF, RING, cut_out, drawing
from vecstack import import_svg, save
from vecstack.errors import DocumentError, PictureError, UsageError
from vecstack.packing.containers import container_of
from vecstack.packing.outlines import area_of_rings
from vecstack.packing.shapes import SHAPES


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_fills_its_canvas_but_for_a_margin(name: str) -> None:
    container = container_of(name, 500)
    assert container is not None
    assert max(container.width, container.height) == 500
    corners = np.concatenate(container.outline)
    for axis, side in ((0, container.width), (1, container.height)):
        assert corners[:, axis].min() == pytest.approx(15, abs=4)
        assert corners[:, axis].max() == pytest.approx(side - 15, abs=4)


def test_no_bounds() -> None:
    assert container_of("open", 500) is None


def test_a_word_has_the_holes_of_its_letters() -> None:
    container = container_of("word:do", 500)
    assert container is not None
    assert len(container.outline) == 4
    assert container.width == 500


@pytest.mark.parametrize("is_dark", [False, True])
def test_the_inside_of_a_mask_is_not_as_its_border(tmp_path: Path, is_dark: bool) -> None:
    rows, columns = np.mgrid[:60, :80]
    mask = np.hypot(rows - 30, columns - 20) < 15
    Image.fromarray(np.uint8(255 * (mask ^ is_dark))).save(tmp_path / "mask.png")
    container = container_of(str(tmp_path / "mask.png"), 160)
    assert container is not None
    assert (container.width, container.height) == (160, 120)
    assert area_of_rings(container.outline) == pytest.approx(np.pi * 30**2, rel=0.05)
    assert Polygon(container.outline[0]).centroid.coords[0] == pytest.approx((41, 61), abs=1)


def test_the_inside_of_a_transparent_picture_is_what_is_seen(tmp_path: Path) -> None:
    container = container_of(str(cut_out(tmp_path)), 120)
    assert container is not None
    assert area_of_rings(container.outline) == pytest.approx(np.pi * 20**2, rel=0.05)


def test_drawings_and_layers_of_a_layer_file(tmp_path: Path) -> None:
    path = drawing(tmp_path, "both", RING + LEAF)
    save(import_svg(path), tmp_path / "both.layers")
    whole = container_of(str(path), 400)
    gold = container_of(f"{tmp_path / 'both.layers'}#3", 400)
    assert whole is not None
    assert gold is not None
    assert area_of_rings(whole.outline) > 0.7 * 400**2
    assert area_of_rings(gold.outline) == pytest.approx(np.pi * 40**2, rel=0.08)
    with pytest.raises(DocumentError, match=r"both\.layers: no layer 'none'"):
        container_of(f"{tmp_path / 'both.layers'}#none", 400)
    with pytest.raises(UsageError, match="has no layers to choose; leave out #3"):
        container_of(f"{path}#3", 400)


def test_what_is_no_container_is_refused(tmp_path: Path) -> None:
    Image.new("L", (20, 20)).save(tmp_path / "black.png")
    with pytest.raises(PictureError, match=r"black\.png: the container is empty"):
        container_of(str(tmp_path / "black.png"), 400)
    with pytest.raises(UsageError, match=r"no shape 'blob'; use circle, .*, heart, open, word:TEXT\."):
        container_of("blob", 400)
    with pytest.raises(UsageError, match="no letter that is seen"):
        container_of("word: ", 400)
