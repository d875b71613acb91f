from __future__ import annotations

import numpy as np
import pytest

from vecstack.fitting.choose import Choice, choose_model
from vecstack.models import available_models
from vecstack.pictures.read import load_picture


@pytest.mark.parametrize(
    ("size", "effort", "name", "reason"),
    [
        ((64, 3), "good", "splines", "a small bitmap of 64 x 3 px"),
        ((3, 64), 5.0, "splines", "a small bitmap of 3 x 64 px"),
        ((65, 3), "good", "photos", "a picture of 65 x 3 px"),
        ((8, 8), "sketch", "photos", "a sketch of 8 x 8 px, as predicted"),
    ],
)
def test_a_small_bitmap_gets_splines_unless_it_is_only_sketched(
    size: tuple[int, int], effort: str | float, name: str, reason: str
) -> None:
    picture = load_picture(np.zeros((size[1], size[0], 3), np.uint8))
    assert choose_model(picture, effort) == Choice(name, reason)


def test_what_is_chosen_is_there() -> None:
    names = {entry.name for entry in available_models()}
    for side, effort in ((8, "good"), (100, "good"), (8, "sketch")):
        assert choose_model(load_picture(np.zeros((side, side, 3), np.uint8)), effort).name in names
