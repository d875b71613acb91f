from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from tests.exporting.conftest import BLUE, CANVAS, RED, draw
from tests.helpers import block, psnr
from vecstack import Stack, render, to_svg
from vecstack.color import to_color
from vecstack.errors import ExportError, UsageError
from vecstack.exporting.svg.levels import Choice
from vecstack.exporting.svg.options import SvgOptions
from vecstack.exporting.svg.scene import scene_of
from vecstack.exporting.svg.soft import SoftSvg, _faint, soft_svg
from vecstack.geometry import Rect

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
SVG = "{http://www.w3.org/2000/svg}"
VEIL = block("veil", Rect(2.0, 2.0, 33.0, 49.0), (0.2, 0.9, 0.5), window=0.8, opacity=0.7)
PRICES = [1e-8, 1e-7, 1e-6, 1e-5]


@pytest.fixture(scope="module")
def soft() -> SoftSvg:
    """Two rectangles with soft edges, and a softer one above."""
    return SoftSvg(scene_of(Stack(CANVAS, (RED, BLUE, VEIL)), CPU))


@pytest.mark.slow
def test_a_higher_price_has_fewer_paths_and_bytes_and_more_error(soft: SoftSvg) -> None:
    errors = [soft.error(price) for price in PRICES]
    counts = [soft.path_count(price) for price in PRICES]
    texts = [soft.text(price, SvgOptions()) for price in PRICES]
    sizes = [len(text) for text in texts]
    assert all(0 < text.count("<path") <= count for text, count in zip(texts, counts, strict=True))
    assert errors == sorted(errors)
    assert counts == sorted(counts, reverse=True)
    assert sizes == sorted(sizes, reverse=True)
    assert errors[0] < 1 < 4 < errors[-1]  # 1/255


@pytest.mark.slow
@pytest.mark.parametrize("tolerance", [1.0, 4.0])
def test_the_error_that_is_thought_to_remain_is_the_tolerance(
    soft: SoftSvg, tolerance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices: list[float] = []
    monkeypatch.setattr(SoftSvg, "text", lambda _, price, options: prices.append(price) or "")
    soft.within(SvgOptions(tolerance=tolerance))
    assert 0.6 * tolerance < soft.error(prices[0]) <= tolerance


@pytest.mark.slow
@pytest.mark.parametrize("most", [1, 3, 8])
def test_a_limit_of_paths_is_kept(soft: SoftSvg, most: int) -> None:
    assert soft.within(SvgOptions(max_paths=most)).count("<path") <= most


@pytest.mark.slow
@pytest.mark.parametrize("most", [2500])
def test_a_limit_of_bytes_is_kept_and_used(soft: SoftSvg, most: int) -> None:
    assert 0.7 * most < len(soft.within(SvgOptions(max_bytes=most))) <= most


@pytest.mark.slow
def test_too_few_bytes_are_refused_with_the_least(soft: SoftSvg) -> None:
    with pytest.raises(ExportError, match=r"takes at least ([\d,]+) bytes, more than 300\. Allow more\.") as caught:
        soft.within(SvgOptions(max_bytes=300))
    least = int(re.findall(r"[\d,]{3,}", str(caught.value))[0].replace(",", ""))
    assert len(soft.within(SvgOptions(max_bytes=least))) <= least


def test_a_layer_is_a_rectangle_behind_a_mask_of_greys(soft: SoftSvg) -> None:
    root = ElementTree.fromstring(soft.text(1e-7, SvgOptions()))
    for group, layer in zip(root.findall(f"{SVG}g")[1:], (RED, BLUE, VEIL), strict=True):
        (mask,), (rect,) = group.findall(f"{SVG}mask"), group.findall(f"{SVG}rect")
        assert rect.attrib["mask"] == f"url(#{mask.attrib['id']})"
        fills = [path.attrib["fill"] for path in mask.iter(f"{SVG}path")]
        assert len(set(fills)) == len(fills) > 0, layer.id
        assert all(re.fullmatch(r"#(.)\1\1|#(..)\2\2", fill) for fill in fills)


def test_a_layer_that_is_not_worth_its_bytes_is_left_out() -> None:
    faint = block("faint", Rect(25.0, 40.0, 3.0, 3.0), CANVAS.background, opacity=0.02)
    assert 'id="faint"' not in soft_svg(scene_of(Stack(CANVAS, (RED, faint)), CPU), SvgOptions())


def test_layers_of_one_blur_and_region_share_a_filter() -> None:
    twin = dataclasses.replace(RED, id="twin", color=(0.0, 1.0, 0.0), opacity=0.5)
    text = soft_svg(scene_of(Stack(CANVAS, (RED, twin)), CPU), SvgOptions(tolerance=4.0))
    used = re.findall(r'filter="url\(#(b\d+)\)"', text)
    assert used
    assert sorted(re.findall(r'<filter id="(b\d+)"', text)) == sorted(set(used))
    # opaque before the blur and after it, so that no program has an edge that fades
    assert text.count("feColorMatrix") == len(set(used))
    assert len(re.findall(r'<g filter="url\(#b\d+\)"><rect', text)) == len(used)


def test_a_plain_svg_has_no_mask_and_no_blur_and_looks_alike() -> None:
    soft = Stack(CANVAS, (block("soft", Rect(4.0, 6.0, 30.0, 40.0), (1.0, 0.0, 0.0), window=0.9, opacity=0.8),))
    text = to_svg(soft, plain=True, device="cpu")
    assert "mask" not in text
    assert "filter" not in text
    assert psnr(draw(text, 185), render(soft, 265, device="cpu")) > 30
    with pytest.raises(UsageError, match="plain where it is hard"):
        to_svg(soft, flat=True, plain=True)


@pytest.mark.parametrize("kept", [math.floor, round])
def test_steps_of_a_plain_svg_add_up_in_programs_that_keep_8_bits(kept: Callable[[float], int]) -> None:
    """Whether these round down (librsvg) or to the nearest (resvg)."""
    color = 0.31, 0.552, 0.87
    choice = Choice(np.linspace(0.1, 0.9, 30), np.linspace(3, 250, 31).astype(int), 0.7, 0, 0.0, 1.0)
    light, dark = np.zeros(3), 1.0
    for grey, paint in zip(choice.greys, _faint(choice, color), strict=True):
        if paint is not None:
            fill, share = re.findall('"(.*?)"', paint)
            left = 1 - kept(255 * float(share)) / 255
            parts = [kept(255 * channel * float(share)) / 255 for channel in to_color(fill)]
            light, dark = light * left + parts, dark * left
        wanted = grey / 255 * choice.strength
        assert abs(1 - dark - wanted) < 1 / 255
        np.testing.assert_allclose(light, np.asarray(color) * wanted, atol=1.5 / 255)
