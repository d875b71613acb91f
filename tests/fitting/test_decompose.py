from __future__ import annotations

import dataclasses
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import TINY
from tests.helpers import in_predicted_colors, psnr_to
from vecstack import load_model, render
from vecstack.document.file import dumps
from vecstack.errors import PictureError, UsageError, WeightsError
from vecstack.fitting.decompose import decompose
from vecstack.fitting.goal import Goal
from vecstack.fitting.grow import grow
from vecstack.fitting.progress import Progress
from vecstack.fitting.refine import refine
from vecstack.geometry import Affine
from vecstack.kinds import kind_of
from vecstack.kinds.mask.maker import weights_to_bytes
from vecstack.kinds.mask.model import Predictor
from vecstack.kinds.mask.net import NetSizes
from vecstack.stack import Stack


def test_a_stack_has_the_canvas_of_its_picture_and_the_layers_of_its_model(photo: Path, weights: Path) -> None:
    model = load_model(weights, "cpu")
    stack = decompose(photo, model, effort="sketch")
    assert (stack.canvas.width, stack.canvas.height) == (37, 53)
    assert len(stack.layers) == 3
    assert all(layer.transform == Affine.of_frame(stack.canvas.rect) for layer in stack.layers)
    assert stack.model == {"name": "tiny", "sha256": model.sha256}
    digest = hashlib.sha256(photo.read_bytes()).hexdigest()
    assert stack.source == {"sha256": digest, "width": 37, "height": 53}


def test_paths_bytes_pictures_and_arrays_give_the_same_layers(photo: Path, weights: Path, pixels: np.ndarray) -> None:
    model = load_model(weights, "cpu")
    expected = decompose(photo, model, effort="sketch").layers
    for picture in (str(photo), photo.read_bytes(), Image.fromarray(pixels), pixels):
        assert decompose(picture, model, effort="sketch").layers == expected


def test_fewer_layers_over_the_same_background_have_the_first_masks(weights: Path, pixels: np.ndarray) -> None:
    model = load_model(weights, "cpu")
    dark = pixels // 8  # closer from black, with two layers as with three
    fewer, all_of_them = (decompose(dark, model, count, effort="sketch") for count in (2, None))
    assert fewer.canvas.background == all_of_them.canvas.background
    shapes = [[kind_of(layer).shape(layer) for layer in stack.layers[:2]] for stack in (fewer, all_of_them)]
    assert shapes[0] == shapes[1]  # in colours that are best for two of them, and for all


def test_a_stack_has_a_thumbnail_of_what_it_looks_like(photo: Path, weights: Path) -> None:
    stack = decompose(photo, load_model(weights, "cpu"), effort="sketch")
    assert stack.thumbnail is not None
    with Image.open(io.BytesIO(stack.thumbnail)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("PNG", (45, 64))
        assert np.array_equal(np.asarray(thumbnail), render(stack, 64, device="cpu"))


def test_a_name_or_a_path_stands_for_its_model(photo: Path, weights: Path) -> None:
    for model in (weights, str(weights), "digits", Path("digits")):
        named = decompose(photo, model, 2, effort="sketch", device="cpu")
        assert named == decompose(photo, load_model(model, "cpu"), 2, effort="sketch", device="cpu")
    with pytest.raises(WeightsError, match="no such model"):
        decompose(photo, "nothing")


@pytest.mark.parametrize("model", [None, 3, b"digits"])
def test_what_is_no_model_is_refused(photo: Path, model: Any) -> None:
    with pytest.raises(UsageError, match="a Model, a name or a path"):
        decompose(photo, model)


@pytest.mark.slow
def test_without_a_model_the_picture_chooses(pixels: np.ndarray) -> None:
    assert decompose(pixels, layers=2, effort="fast", device="cpu").model == {"name": "splines"}
    assert decompose(pixels, effort="sketch", device="cpu") == decompose(
        pixels, load_model("photos", "cpu"), effort="sketch", device="cpu"
    )


@pytest.mark.parametrize("detail", [None, Goal(psnr=30)], ids=str)
@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_a_count_that_no_stack_can_have_is_refused(photo: Path, weights: Path, count: int, detail: Goal | None) -> None:
    with pytest.raises(UsageError, match=rf"layers must be 1 to 10,000, not {count}\."):
        decompose(photo, load_model(weights, "cpu"), count, detail=detail)


def test_what_is_behind_a_transparent_picture_shows(weights: Path) -> None:
    clear = np.zeros((53, 37, 4), np.uint8)
    model = load_model(weights, "cpu")
    white = decompose(clear, model, effort="sketch", background=(1.0, 1.0, 1.0))
    full = np.full((53, 37, 3), 255, np.uint8)
    assert white.layers == decompose(full, model, effort="sketch").layers


def test_a_dark_mark_on_nothing_stands_out_from_white_and_a_light_one_from_black(weights: Path) -> None:
    model = load_model(weights, "cpu")
    for mark, behind, other in ((0, "white", "black"), (255, "black", "white")):
        clear = np.full((53, 37, 4), mark, np.uint8)
        clear[:20, :, 3], clear[20:, :, :3], clear[20:, :, 3] = 255, 255 - mark, 0  # what is not seen has no say
        shown = decompose(clear, model, effort="sketch")
        assert shown.layers == decompose(clear, model, effort="sketch", background=behind).layers
        assert shown.layers != decompose(clear, model, effort="sketch", background=other).layers


def test_a_missing_picture_is_named(weights: Path) -> None:
    with pytest.raises(PictureError, match=r"nothing\.png"):
        decompose("nothing.png", load_model(weights, "cpu"))


# Closer layers, and more of them.


class Once(io.BytesIO):
    """A stream that can be read to its end once, and not be turned back."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise io.UnsupportedOperation("seek")


@pytest.mark.parametrize("count", [1, 2, 3, None])
def test_a_sketch_is_what_the_model_predicts(weights: Path, pixels: np.ndarray, count: int | None) -> None:
    model = load_model(weights, "cpu")
    stack = decompose(pixels, model, count, effort="sketch")
    made = model.maker.make((pixels / 255).astype(np.float32), stack.canvas.rect, count or 3)
    assert (stack.layers, stack.assets, stack.canvas.background) == (made.layers, made.assets, made.background)
    assert stack.metrics == {}


@pytest.mark.slow
@pytest.mark.parametrize("effort", ["fast", 0.3])
def test_refined_layers_are_the_same_ones_and_closer(
    photo: Path, weights: Path, pixels: np.ndarray, effort: str | float
) -> None:
    model = load_model(weights, "cpu")
    plain, refined = (decompose(photo, model, 3, effort=asked, device="cpu") for asked in ("sketch", effort))
    assert [layer.id for layer in refined.layers] == [layer.id for layer in plain.layers]
    assert (refined.canvas, refined.assets, refined.source) == (plain.canvas, plain.assets, plain.source)
    assert psnr_to(refined, pixels) > psnr_to(in_predicted_colors(plain, weights, pixels), pixels) + 0.5
    assert refined.metrics["psnr"] == pytest.approx(psnr_to(refined, pixels), abs=0.02)


def test_refined_layers_have_a_thumbnail_of_what_they_look_like_now(photo: Path, weights: Path) -> None:
    stack = decompose(photo, load_model(weights, "cpu"), 3, effort="fast", device="cpu")
    assert stack.thumbnail is not None
    with Image.open(io.BytesIO(stack.thumbnail)) as thumbnail:
        assert np.array_equal(np.asarray(thumbnail), render(stack, 64, device="cpu"))


@pytest.mark.parametrize("effort", ["slow", "", 0, -1.0, float("nan"), float("inf")])
def test_an_effort_that_is_none_is_refused(photo: Path, weights: Path, effort: Any) -> None:
    with pytest.raises(UsageError, match="unknown effort"):
        decompose(photo, load_model(weights, "cpu"), effort=effort)


@pytest.mark.slow
def test_the_usual_effort_is_good(photo: Path, weights: Path) -> None:
    model = load_model(weights, "cpu")
    sketch = decompose(photo, model, 2, effort="sketch", device="cpu")
    good = refine(sketch, photo, "good", device="cpu")
    assert decompose(photo, model, 2, device="cpu").layers == good.layers
    assert decompose(photo, model, 2, effort="fast", device="cpu").layers != good.layers


def test_where_nothing_else_is_asked_for_paths_lie_on_the_layers_as_predicted(
    photo: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vecstack.fitting.decompose.GROWN_LAYERS", 6)
    model = load_model(weights, "cpu")
    stack = decompose(photo, model, effort="fast", device="cpu")
    assert [layer.kind for layer in stack.layers] == ["mask"] * 3 + ["path"] * 3
    assert stack.layers[:3] == decompose(photo, model, effort="sketch", device="cpu").layers


@pytest.mark.slow
def test_with_the_best_effort_the_layers_of_both_kinds_are_tuned_together(
    photo: Path, weights: Path, pixels: np.ndarray
) -> None:
    model = load_model(weights, "cpu")
    stack = decompose(photo, model, 6, effort="best", device="cpu")
    sketch = decompose(photo, model, effort="sketch", device="cpu")
    assert [layer.id for layer in stack.layers[:3]] == [layer.id for layer in sketch.layers]
    assert stack.layers[:3] != sketch.layers
    grown = refine(sketch, photo, "best", Goal(6), device="cpu")
    assert psnr_to(stack, pixels) > psnr_to(grown, pixels)
    assert stack.metrics["psnr"] == pytest.approx(psnr_to(stack, pixels), abs=0.05)


@pytest.mark.parametrize("more", [{"layers": 4}, {"detail": Goal(psnr=20)}, {"detail": Goal(budget_bytes=2000)}])
def test_a_sketch_has_no_more_than_the_model_predicts(photo: Path, weights: Path, more: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"the 3 layers that tiny predicts.*use fast, good, best") as error:
        decompose(photo, load_model(weights, "cpu"), effort="sketch", **more)
    assert error.value.parameter == "effort"


def test_layers_that_cannot_be_tuned_stay_as_the_maker_made_them(
    photo: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_model(weights, "cpu")
    monkeypatch.setattr("vecstack.fitting.refine._can_tune", lambda _: False)
    assert decompose(photo, model, 3, device="cpu") == decompose(photo, model, effort="sketch", device="cpu")


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, None])
def test_a_seed_that_is_none_is_refused(photo: Path, weights: Path, seed: Any) -> None:
    with pytest.raises(UsageError, match="seed must be a whole number from 0 to 4,294,967,295"):
        decompose(photo, load_model(weights, "cpu"), seed=seed)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes(weights: Path, pixels: np.ndarray) -> None:
    model = load_model(weights, "cpu")
    large = np.asarray(Image.fromarray(pixels).resize((148, 212)))  # more pixels than are compared
    first, again = (decompose(large, model, effort="fast", seed=2**32 - 1, device="cpu") for _ in range(2))
    assert dumps(first) == dumps(again)


@pytest.mark.slow
def test_detail_ends_when_its_seconds_are_over(photo: Path, weights: Path, pixels: np.ndarray) -> None:
    model, seen = load_model(weights, "cpu"), []
    stack = decompose(photo, model, effort=0.5, detail=Goal(psnr=60), device="cpu", report=seen.append)
    assert 3 <= len(stack.layers) < 200
    assert seen[-1].share == 1


@pytest.mark.slow
def test_layers_beyond_the_model_s_are_detail_above_them(photo: Path, weights: Path, pixels: np.ndarray) -> None:
    model = load_model(weights, "cpu")
    few, many = (decompose(photo, model, count, effort="fast", device="cpu") for count in (5, 9))
    own = decompose(photo, model, 3, effort="fast", device="cpu")
    assert [layer.kind for layer in few.layers] == ["mask"] * 3 + ["path"] * 2
    assert [layer.kind for layer in many.layers] == ["mask"] * 3 + ["path"] * 6
    assert few.layers[:3] == many.layers[:3] == own.layers
    assert psnr_to(many, pixels) > psnr_to(few, pixels) + 0.5 > psnr_to(own, pixels) + 0.5
    assert many.thumbnail is not None


@pytest.mark.slow
def test_detail_goes_on_until_its_psnr(photo: Path, weights: Path, pixels: np.ndarray) -> None:
    stack = decompose(photo, load_model(weights, "cpu"), effort="fast", detail=Goal(psnr=21), device="cpu")
    assert 20.98 < psnr_to(stack, pixels) < 24
    assert len(stack.layers) > 3


def test_detail_says_how_many_layers_there_are_where_no_count_is_given(photo: Path, weights: Path) -> None:
    stack = decompose(photo, load_model(weights, "cpu"), effort="fast", detail=Goal(layers=6), device="cpu")
    assert len(stack.layers) == 6


@pytest.mark.slow
def test_a_count_and_a_psnr_together_end_with_the_first(photo: Path, weights: Path) -> None:
    model = load_model(weights, "cpu")
    stack = decompose(photo, model, 5, effort="fast", detail=Goal(psnr=55), device="cpu")
    assert len(stack.layers) == 5
    within = decompose(photo, model, 2, effort="fast", detail=Goal(psnr=55), device="cpu")
    assert [layer.kind for layer in within.layers] == ["mask", "mask"]


@pytest.mark.parametrize(("with_masks", "without", "kinds"), [(21.0, 20.0, ["mask"] * 3), (20.0, 21.0, [])])
def test_of_a_budget_the_closer_is_kept_with_the_model_s_layers_or_without(
    photo: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    with_masks: float,
    without: float,
    kinds: list[str],
) -> None:
    def grown(stack: Stack, *_: Any, **__: Any) -> Stack:
        return dataclasses.replace(stack, metrics={"psnr": with_masks if stack.layers else without})

    monkeypatch.setattr("vecstack.fitting.grow.grow", grown)
    model = load_model(weights, "cpu")
    stack = decompose(photo, model, effort="fast", detail=Goal(budget_bytes=9000), device="cpu")
    assert [layer.kind for layer in stack.layers] == kinds
    assert stack.metrics["psnr"] == 21.0


@pytest.mark.slow
def test_a_file_with_the_model_s_layers_is_within_its_budget(photo: Path, weights: Path) -> None:
    sketch = decompose(photo, load_model(weights, "cpu"), effort="sketch")
    size = len(dumps(dataclasses.replace(sketch, thumbnail=None))) + 800
    stack = grow(dataclasses.replace(sketch, thumbnail=None), photo, Goal(budget_bytes=size), "fast", device="cpu")
    assert len(dumps(stack)) <= size
    assert [layer.id for layer in stack.layers[:3]] == [layer.id for layer in sketch.layers]  # and compacted
    assert len(stack.layers) > 3


@pytest.mark.slow
def test_a_budget_below_the_net_is_kept_without_it(photo: Path, tmp_path: Path, pixels: np.ndarray) -> None:
    torch.manual_seed(5)
    sizes = dataclasses.replace(TINY, net=NetSizes(3, 64, 2))  # some 9 kB
    (tmp_path / "wide.safetensors").write_bytes(weights_to_bytes(Predictor(sizes)))
    model = load_model(tmp_path / "wide.safetensors", "cpu")
    stack = decompose(photo, model, effort="fast", detail=Goal(budget_bytes=3000), device="cpu")
    assert len(dumps(stack)) <= 3000
    assert stack.assets == {}
    assert {layer.kind for layer in stack.layers} == {"path"}
    assert stack.canvas.background == pytest.approx(pixels.mean((0, 1)) / 255, abs=1e-3)
    assert stack.source["sha256"] == hashlib.sha256(photo.read_bytes()).hexdigest()
    assert psnr_to(stack, pixels) > psnr_to(stack.with_layers(()), pixels) + 3


@pytest.mark.slow
def test_a_stream_is_read_once(photo: Path, weights: Path) -> None:
    model = load_model(weights, "cpu")
    for options in (
        {"effort": "sketch"},
        {"layers": 5, "effort": "fast"},
        {"effort": "fast", "detail": Goal(budget_bytes=1500)},
    ):
        expected = decompose(photo, model, device="cpu", **options)  # type: ignore[arg-type]
        stream = Once(photo.read_bytes())
        assert dumps(decompose(stream, model, device="cpu", **options)) == dumps(expected)  # type: ignore[arg-type]
        assert stream.read() == b""


def test_what_is_behind_a_transparent_picture_shows_in_the_detail(weights: Path) -> None:
    model, clear = load_model(weights, "cpu"), np.zeros((53, 37, 4), np.uint8)
    white = decompose(clear, model, 5, effort="fast", background=(1.0, 1.0, 1.0), device="cpu")
    full = np.full((53, 37, 3), 255, np.uint8)
    assert white.layers == decompose(full, model, 5, effort="fast", device="cpu").layers


@pytest.mark.parametrize(
    ("model", "count"), [("splines", 4), ("digits", 4), pytest.param("digits", None, marks=pytest.mark.slow)]
)
def test_layers_leave_free_what_is_transparent(model: str, count: int | None) -> None:
    clear = np.zeros((12, 16, 4), np.uint8)
    clear[:, :8] = (200, 40, 40, 255)
    stack = decompose(clear, model, count, effort="fast", device="cpu")
    assert stack.canvas.transparent
    alpha = render(stack, 16, device="cpu")[..., 3] / 255
    assert alpha[:, :7].mean() > 0.9
    assert alpha[:, 9:].mean() < 0.1


def test_the_progress_of_a_refinement_with_detail_never_goes_back(photo: Path, weights: Path) -> None:
    seen: list[Progress] = []
    decompose(photo, load_model(weights, "cpu"), 6, effort="fast", device="cpu", report=seen.append)
    shares = [progress.share for progress in seen]
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.slow
def test_the_photos_model_is_closer_to_a_photo_than_its_mean_colour() -> None:
    """A photo that nobody tuned to: scikit-learn's, at run time."""
    from sklearn.datasets import load_sample_images

    model = load_model("photos", "cpu")
    for picture in load_sample_images().images:
        small = np.asarray(Image.fromarray(picture).resize((96, 64), Image.Resampling.BOX))
        flat = -10 * np.log10(np.square(small / 255.0 - small.mean((0, 1)) / 255.0).mean())
        assert psnr_to(decompose(picture, model, effort="sketch"), small) > flat + 2


@pytest.mark.slow
def test_the_digits_model_draws_digits() -> None:
    """scikit-learn's 8 x 8 digits, of another hand and another size than those it was trained on."""
    from sklearn.datasets import load_digits

    model = load_model("digits", "cpu")
    found = []
    for digit in load_digits().images[:10]:
        picture = np.repeat((digit * (255 / 16)).astype(np.uint8)[:, :, None], 3, 2)
        framed = np.asarray(Image.fromarray(picture).resize((20, 20), Image.Resampling.BICUBIC))
        framed = np.pad(framed, ((4, 4), (4, 4), (0, 0)))
        found.append(psnr_to(decompose(framed, model, effort="sketch"), framed))
    assert np.mean(found) > 15


@pytest.mark.parametrize("layers", [3, 8])
def test_a_grey_picture_has_layers_without_a_tint(weights: Path, layers: int) -> None:
    rows, columns = np.mgrid[:24, :32]
    grey = np.repeat((110 + 60 * np.sin(rows / 9) * np.cos(columns / 7))[..., None], 3, 2).astype(np.uint8)
    stack = decompose(grey, weights, layers, effort="sketch" if layers == 3 else "fast")
    assert len(stack.layers) == layers
    assert np.ptp(render(stack, size=64).astype(int), axis=2).max() <= 1


def test_a_background_is_a_colour(weights: Path, pixels: Any) -> None:
    clear = np.concatenate([pixels, pixels[..., :1]], 2)
    model = load_model(weights, "cpu")
    white, named = (decompose(clear, model, effort="sketch", background=color) for color in ((1.0, 1.0, 1.0), "white"))
    assert named == white
    stack = decompose(clear, model, 1, effort="sketch")
    for background in ("octarine", (255, 255, 255)):
        with pytest.raises(UsageError, match=r"is not a colour|three numbers in 0\.\.1"):
            decompose(pixels, model, background=background)
        with pytest.raises(UsageError, match=r"is not a colour|three numbers in 0\.\.1"):
            refine(stack, pixels, "fast", background=background)


@pytest.mark.slow
def test_a_model_without_layers_of_its_own_gives_detail_alone(pixels: np.ndarray) -> None:
    model = load_model("splines", "cpu")
    stack = decompose(pixels, model, 5, device="cpu")
    assert [layer.kind for layer in stack.layers] == ["spline"] * 5
    assert stack.model == {"name": "splines"}
    assert not stack.assets
    assert stack.thumbnail is not None
    closer = decompose(pixels, model, detail=Goal(psnr=24), device="cpu")
    assert closer.metrics["psnr"] >= 24


@pytest.mark.slow
def test_a_model_without_layers_takes_a_usual_number_where_none_is_asked_for(
    pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vecstack.fitting.decompose.DETAIL_LAYERS", 4)
    assert len(decompose(pixels, load_model("splines", "cpu"), device="cpu").layers) == 4
