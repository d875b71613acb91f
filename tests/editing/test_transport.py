"""Colours moved to those of another picture."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from vecstack.color import color_words, to_oklab
from vecstack.editing.changes import ColorsOf
from vecstack.editing.edit import edit
from vecstack.editing.transport import moved
from vecstack.errors import PictureError
from vecstack.kinds import color_of
from vecstack.stack import Stack


def test_colors_become_those_of_a_picture_in_their_order_of_light() -> None:
    levels = [(level, level, level) for level in np.linspace(0, 1, 11).tolist()]
    reds = np.stack([np.linspace(0.2, 0.9, 500), np.full(500, 0.1), np.full(500, 0.1)], 1)
    new = np.array(list(moved(dict.fromkeys(levels, 1.0), reds).values()))
    assert (np.diff(new[:, 0]) > 0).all()
    distance = np.sqrt(np.square(to_oklab(new)[:, None] - to_oklab(reds)).sum(2)).min(1)
    assert distance.max() < 0.03


def test_a_color_that_shows_more_takes_more_of_the_picture() -> None:
    pixels = np.zeros((400, 3))
    pixels[100:] = 1
    new = moved({(0.2, 0.2, 0.2): 1.0, (0.8, 0.8, 0.8): 3.0}, pixels)
    assert max(new[0.2, 0.2, 0.2]) < 0.1
    assert min(new[0.8, 0.8, 0.8]) > 0.9
    assert min(moved({(0.2, 0.2, 0.2): 3.0, (0.8, 0.8, 0.8): 1.0}, pixels)[0.2, 0.2, 0.2]) > 0.5


def test_all_layers_and_the_background_take_the_colors_of_a_picture(stack: Stack) -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[..., 1] = np.arange(8) * 20 + 60
    edited = edit(stack, [ColorsOf(pixels)], device="cpu")
    colors = np.array([edited.canvas.background, *filter(None, map(color_of, edited.layers))])
    assert (colors[:, 1] > 0.15).all()
    assert (colors[:, [0, 2]] < 0.1).all()
    named = dataclasses.replace(stack.layers[0], name=color_words(color_of(stack.layers[0]) or (0, 0, 0)))
    (renamed,) = edit(stack.with_layers([named]), [ColorsOf(pixels)], device="cpu").layers
    assert "green" in renamed.name
    clear = dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, transparent=True))
    assert edit(clear, [ColorsOf(pixels)], device="cpu").canvas == clear.canvas


def test_a_picture_without_a_pixel_that_shows_is_refused(stack: Stack) -> None:
    with pytest.raises(PictureError, match="all transparent"):
        edit(stack, [ColorsOf(np.zeros((4, 4, 4), np.uint8))], device="cpu")
