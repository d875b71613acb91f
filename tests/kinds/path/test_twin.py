"""What PyTorch does is what compiled loops do; and both are right."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import vecstack
import vecstack.compiled
from tests.helpers import psnr_to
from tests.kinds.path.examples import examples
from tests.kinds.path.paths import HEIGHT, WIDTH, random_paths, random_scene, ring, way
from tests.kinds.path.test_shade import is_inside
from tests.pretended_cuda import pretended_cuda
from vecstack.compiled import is_compiling
from vecstack.kinds.path import twin
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.fit import TOLERANCE, Tuner
from vecstack.kinds.path.kind import KIND
from vecstack.kinds.path.layer import PathLayer
from vecstack.kinds.path.raster import TOLERANCE as FINE
from vecstack.kinds.path.raster import draw_over
from vecstack.kinds.path.slopes import Slopes

__all__ = ["way"]
CPU = torch.device("cpu")
SUMS = ("points", "blocks", "colors", "color_curvature", "opacity", "opacity_curvature")
needs_numba = pytest.mark.skipif(not is_compiling(), reason="needs numba")


def assert_same(found: Slopes, expected: Slopes, relative: float) -> None:
    assert found.error == pytest.approx(expected.error, rel=relative)
    for name in SUMS:
        one, other = getattr(found, name), getattr(expected, name)
        assert one.shape == other.shape
        assert np.linalg.norm(one - other) <= relative * np.linalg.norm(other), name


@needs_numba
@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("is_under", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_slopes_are_those_of_the_loops(
    monkeypatch: pytest.MonkeyPatch, channels: int, is_under: bool, seed: int
) -> None:
    scene = random_scene(seed, channels, is_under=is_under)
    tuner = Tuner(scene, CPU)
    paths = tuner.tune(random_paths(seed, channels), 6)
    expected, drawn = tuner.slopes(paths), tuner.draw(paths)
    monkeypatch.setattr(vecstack.compiled, "is_compiling", lambda: False)
    assert_same(tuner.slopes(paths), expected, 1e-4)
    assert np.abs(tuner.draw(paths) - drawn).max() < 1e-5


@needs_numba
@pytest.mark.parametrize("seed", range(3))
def test_what_is_drawn_is_drawn_by_the_loops(seed: int) -> None:
    paths = random_paths(seed, 4)
    found, expected = torch.zeros(4, HEIGHT, WIDTH), torch.zeros(4, HEIGHT, WIDTH)
    twin.draw(found, paths, FINE)
    draw_over(expected, paths, FINE)
    assert expected.std() > 0.1
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("pixels", [1, 2000])
def test_bands_change_nothing(monkeypatch: pytest.MonkeyPatch, pixels: int) -> None:
    paths, scene = random_paths(1), random_scene(1, is_under=True)
    expected = twin.slopes(paths, scene, CPU, TOLERANCE)
    monkeypatch.setattr(twin, "PIXELS", pixels)
    found = twin.slopes(paths, scene, CPU, TOLERANCE)
    assert_same(found, expected, 1e-5)


def test_a_gpu_finds_the_same() -> None:
    paths, scene = random_paths(2, 4), random_scene(2, 4, is_under=True)
    expected = twin.slopes(paths, scene, CPU, TOLERANCE)
    with pretended_cuda() as device:
        found = twin.slopes(paths, scene, device, TOLERANCE)
        step = twin.solve(paths, found, 0.5, 100, device)
    assert_same(found, expected, 1e-9)
    assert np.allclose(step, twin.solve(paths, expected, 0.5, 100, CPU))


def odd_paths() -> Iterator[tuple[str, list[np.ndarray]]]:
    """Contours that few pictures have."""
    rng = np.random.default_rng(0)
    yield "of one piece", [np.array([[20.0, 5.0], [55.0, 40.0], [-10.0, 44.0]])]
    yield "of 700 points", [ring(rng, (30.0, 20.0), 15.0, 233)]
    yield "without area", [np.array([[5.0, 5.0], [15.0, 9.0], [25.0, 13.0]]).repeat([1, 1, 1], 0)]
    yield "at one point", [np.full((3, 2), 7.0)]
    yield "outside", [ring(rng, (-90.0, 20.0), 9.0, 4)]
    yield "far away", [ring(rng, (30.0, 20.0), 1e9, 4)]
    yield (
        "on the borders of pixels",
        [np.array([[3, 3], [3, 3], [9, 3], [9, 3], [9, 3], [9, 8], [9, 8], [9, 8], [3, 8]])],
    )


@pytest.mark.parametrize("name", [name for name, _ in odd_paths()])
def test_odd_paths_are_drawn_and_tuned(way: str, name: str) -> None:
    contours = dict(odd_paths())[name]
    paths = Paths.of_contours([contours], np.full((1, 3), 0.9), np.array([0.8]))
    scene = random_scene(0)
    tuner = Tuner(scene, CPU)
    slopes = tuner.slopes(paths)
    assert all(np.isfinite(getattr(slopes, field)).all() for field in SUMS)
    drawn = tuner.draw(paths)
    assert drawn.min() >= 0.3 - 1e-6
    assert drawn.max() <= 0.9 * 0.8 + 0.3 * 0.2 + 1e-6
    if name in ("without area", "at one point", "outside"):
        assert np.abs(drawn - scene.below).max() < 1e-6
    tuned = tuner.tune(paths, 3)
    assert np.isfinite(tuned.points).all()
    if name in ("of 700 points", "outside"):
        assert np.array_equal(tuned.points, paths.points)
    assert tuner.slopes(tuned).error <= slopes.error * (1 + 1e-6)


@needs_numba
@pytest.mark.parametrize("name", [name for name, _ in odd_paths()])
def test_odd_paths_are_those_of_the_loops(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    paths = Paths.of_contours([dict(odd_paths())[name]], np.full((1, 3), 0.9), np.array([0.8]))
    scene = random_scene(0, is_under=True)
    tuner = Tuner(scene, CPU)
    expected, drawn = tuner.slopes(paths), tuner.draw(paths)
    monkeypatch.setattr(vecstack.compiled, "is_compiling", lambda: False)
    found = tuner.slopes(paths)
    assert np.abs(tuner.draw(paths) - drawn).max() < 1e-5
    assert found.error == pytest.approx(expected.error, rel=1e-5)
    if name not in ("without area", "on the borders of pixels"):  # whose slopes to both sides differ
        assert np.allclose(found.points, expected.points, rtol=1e-3, atol=1e-3 * np.abs(expected.points).max())


@pytest.mark.slow
@pytest.mark.parametrize("layer", examples()[0], ids=lambda layer: layer.id)
@pytest.mark.parametrize(("side", "samples"), [(1 / 8, 16), (1, 16), (8, 64)])
def test_runs_are_drawn_as_samples_say(
    monkeypatch: pytest.MonkeyPatch, layer: PathLayer, side: float, samples: int
) -> None:
    width, height = (5, 7) if side == 8 else ((37, 53) if side == 1 else (40, 40))
    x, y = (layer.transform.c - 2, layer.transform.f - 11) if side < 1 else (0.0, 0.0)
    if layer.id == "turned" and side == 8:
        layer = dataclasses.replace(layer, contours=layer.contours[:1])  # what is covered twice counts twice in a pixel
    white = dataclasses.replace(layer, color=(1.0, 1.0, 1.0), gradient=None, opacity=1.0)
    xs, ys = (
        start + side * (torch.arange(count, dtype=torch.float64) + 0.5) for start, count in ((x, width), (y, height))
    )
    steps = (np.arange(samples) + 0.5) / samples - 0.5
    columns, rows = (places.numpy()[:, None] + side * steps for places in (xs, ys))
    points = np.stack([np.tile(columns.ravel(), rows.size), rows.ravel().repeat(columns.size)], 1)
    inside = is_inside(layer, points).reshape(height, samples, width, samples).mean((1, 3))
    for compiles in {is_compiling(), False}:
        monkeypatch.setattr(vecstack.compiled, "is_compiling", lambda compiles=compiles: compiles)
        canvas = torch.zeros(3, height, width)
        KIND.run_painter([white], {}, CPU)(canvas, xs, ys, side)
        assert -10 * np.log10(max(np.square(canvas[0].numpy() - inside).mean(), 1e-12)) >= 54


@pytest.mark.slow
def test_paths_are_made_where_numba_is_hidden(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:48, :48]
    inside = np.hypot(rows - 20, columns - 26) < 14
    picture = np.stack([np.where(inside, 250, 40), np.full_like(rows, 90), np.where(rows > 30, 200, 20)], 2)
    Image.fromarray(picture.astype(np.uint8)).save(tmp_path / "a.png")
    words = ["decompose", "a.png", "--model", "paths", "--layers", "8", "--effort", "fast", "--device", "cpu"]
    code = f"import sys; sys.modules['numba'] = None; import vecstack.cli; sys.exit(vecstack.cli.run({words}))"
    result = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    stack = vecstack.load(tmp_path / "a.layers")
    assert 3 <= len(stack.layers) <= 8
    assert psnr_to(stack, picture) > 25
