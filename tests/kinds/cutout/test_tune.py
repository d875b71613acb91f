from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.kinds.cutout.examples import ASSETS, cutout
from vecstack import Canvas, Stack, refine, render
from vecstack.geometry import Affine
from vecstack.kinds.cutout.kind import KIND
from vecstack.kinds.cutout.place import place_of, with_place

CPU = torch.device("cpu")


def test_numbers_are_those_of_a_similarity_and_other_transforms_have_none() -> None:
    for mirrored in (False, True):
        layer = cutout("a", "fish", Affine.similarity(20, 30, 9, 35, mirrored=mirrored))
        assert with_place(layer, place_of(layer)) == layer
        moved = with_place(layer, (1, 2, *np.multiply(place_of(layer)[2:], 2)))
        assert np.allclose(moved.transform.rows(), Affine.similarity(1, 2, 18, 35, mirrored=mirrored).rows())
    skew = cutout("a", "fish", Affine(9.0, 3.0, 20.0, 0.0, 9.0, 30.0))
    assert place_of(skew) == ()
    assert with_place(skew, ()) is skew
    assert KIND.tunable([skew], ASSETS, CPU) is None


def test_gradients_by_backpropagation_are_the_slopes() -> None:
    layers = [cutout("a", "fish", Affine.similarity(20, 30, 9, 35))]
    tunable = KIND.tunable(layers, ASSETS, CPU)
    assert tunable is not None
    points = torch.tensor([[22.0, 24.0], [13.0, 33.0], [27.0, 35.0]], dtype=torch.float64)
    shapes = tunable.shapes.clone().requires_grad_()
    alpha, rgb = tunable.shade(shapes, points, 2.0)
    assert rgb is not None
    (alpha.sum() + rgb[:, 1].sum()).backward()
    slopes = tunable.slopes(tunable.shapes, points, 2.0)
    assert slopes.by_rgb is not None
    torch.testing.assert_close(shapes.grad, slopes.by_alpha.sum(2) + slopes.by_rgb[:, :, 1].sum(2))


@pytest.mark.parametrize("item", ["fish", "blob"])
def test_refining_brings_a_cutout_back_to_its_place(item: str) -> None:
    place = Affine.similarity(30, 28, 18, 20, mirrored=True)
    wanted = Stack(Canvas(60, 56, (0.9, 0.9, 0.8)), (cutout("a", item, place),), ASSETS)
    moved = wanted.edit("a", transform=Affine.similarity(31.5, 27, 17, 26, mirrored=True))
    found = refine(moved, render(wanted, device="cpu"), "fast", device="cpu").layers[0].transform
    assert np.allclose(found.rows(), place.rows(), atol=0.4)  # by 1.6 before
