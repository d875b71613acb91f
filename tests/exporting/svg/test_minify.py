from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.exporting.conftest import CANVAS, HOSTILE, draw
from tests.kinds.path.examples import at, blob, examples
from vecstack import Group, Stack, to_svg
from vecstack.exporting.svg.minify import minified
from vecstack.kinds.path.layer import PathLayer

PATHS = Stack(CANVAS, *examples())


def test_it_is_drawn_as_before_in_fewer_bytes() -> None:
    text = to_svg(PATHS, device="cpu")
    short = minified(text)
    assert len(short) < 0.9 * len(text)
    assert (draw(short, 370) == draw(text, 370)).all()
    assert minified(short) == short


def test_hundredths_of_a_pixel_are_enough() -> None:
    text, short = (draw(to_svg(PATHS, minify=minify, device="cpu"), 370).astype(int) for minify in (False, True))
    assert np.abs(text - short).mean() < 0.1


def test_nothing_names_the_parts() -> None:
    short = to_svg(PATHS, minify=True, device="cpu")
    assert "inkscape" not in short
    assert "hidden" not in short
    assert "\n" not in short
    ids = re.findall(r' id="([^"]*)"', short)
    assert ids == ["a", "b"]
    assert all(f"url(#{name})" in short for name in ids)


def test_groups_that_say_nothing_are_gone() -> None:
    layer = PathLayer(id="a", transform=at(9, 9), contours=(blob(5.0, 4.0),), color=(1, 0, 0), group="g")
    assert "<g" not in to_svg(Stack(CANVAS, (layer,), groups=(Group("g"),)), minify=True, device="cpu")


@pytest.mark.parametrize(("name", "text"), HOSTILE)
def test_hostile_names_do_no_harm(name: str, text: str) -> None:
    layer = PathLayer(id=name, name=text, transform=at(9, 9), contours=(blob(5.0, 4.0),), color=(1, 0, 0))
    root = ElementTree.fromstring(to_svg(Stack(CANVAS, (layer,)), minify=True, device="cpu"))
    assert [element.tag.rpartition("}")[2] for element in root.iter()] == ["svg", "rect", "ellipse"]


@pytest.mark.slow
def test_soft_masks_keep_their_references(painted: Stack) -> None:
    text = to_svg(painted, tolerance=6.0, device="cpu")
    assert (draw(minified(text), 265) == draw(text, 265)).all()
