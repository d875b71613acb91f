"""All that computes, on a pretended GPU: nothing mixes devices, and the results are those of the CPU."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import vecstack
from tests.pretended_cuda import CUDA, OnGpu, pretended_cuda
from tests.train.conftest import RECIPE, with_baseline, with_sizes
from vecstack.exporting.ora import to_ora
from vecstack.exporting.pdf import to_pdf
from vecstack.fitting.compact import compact
from vecstack.fitting.prune import prune
from vecstack.train import loop
from vecstack.train.loop import Callbacks, train
from vecstack.train.recipe import LossRecipe, Recipe, load_recipe

refining = importlib.import_module("vecstack.fitting.refine")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's compiler, which optimisers import

PICTURE = np.random.default_rng(0).random((9, 13, 3), dtype=np.float32).repeat(6, 0).repeat(6, 1)  # 54 x 78 px


def test_what_a_gpu_refuses_is_refused_here() -> None:
    with pretended_cuda():
        values = torch.zeros(3, device=CUDA)
        assert isinstance(values, OnGpu)
        assert values.device.type == "cuda"
        assert (values.cpu() + torch.ones(3)).tolist() == [1, 1, 1]
        for wrong in (
            lambda: values + torch.ones(3),
            lambda: values.index_select(0, torch.tensor([0])),
            lambda: values.numpy(),
            lambda: torch.rand(3, device=CUDA, generator=torch.Generator()),
        ):
            with pytest.raises((RuntimeError, TypeError)):
                wrong()


def plain(recipe: Recipe) -> Recipe:
    return recipe


def warped(recipe: Recipe) -> Recipe:
    return replace(recipe, data=replace(recipe.data, rotate_degrees=8.0, zoom=0.1, shift=0.1))


def adversarial(recipe: Recipe) -> Recipe:
    return replace(recipe, loss=LossRecipe(adversarial=0.1))


def several_a_pass(recipe: Recipe) -> Recipe:
    return replace(with_sizes(recipe, layers_per_pass=2), precision="bfloat16")


def baseline(recipe: Recipe) -> Recipe:
    return with_baseline(recipe, "convt")


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    return load_recipe(tmp_path / "recipe.toml")


@pytest.mark.slow
@pytest.mark.parametrize("change", [plain, warped, adversarial, several_a_pass, baseline])
def test_training_and_resuming(
    recipe: Recipe, tmp_path: Path, change: Callable[[Recipe], Recipe], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "bfloat16_pays", lambda _: True)  # on any CPU, as on a GPU
    recipe = change(recipe)
    pictures = torch.randint(0, 256, (40, 3, 20, 20), generator=torch.Generator().manual_seed(0)).byte()
    parts = pictures, pictures[:4]
    with pretended_cuda() as device:
        train(recipe, parts, tmp_path / "gpu", device=device, stop_after=2)
        train(recipe, parts, tmp_path / "gpu", device=device, resume=True, callbacks=Callbacks())
    train(recipe, parts, tmp_path / "cpu")
    logs = [json.loads((tmp_path / name / "log.jsonl").read_text().splitlines()[-1]) for name in ("gpu", "cpu")]
    assert logs[0]["loss"] == pytest.approx(logs[1]["loss"], rel=1e-5)
    assert logs[0]["psnr"] == logs[1]["psnr"]


@pytest.fixture(scope="module")
def stack() -> vecstack.Stack:
    """Two mask layers and some splines."""
    quick = {"fast": (refining.Stage(256, 2),), "good": (refining.Stage(256, 2),)}
    with pytest.MonkeyPatch.context() as patch, pretended_cuda():
        patch.setattr(refining, "EFFORTS", quick)
        patch.setattr(refining, "NET_STAGE", refining.Stage(256, 2))
        model = vecstack.load_model("photos", "cuda")
        made = vecstack.decompose(PICTURE, model, 2, effort="fast", device="cuda")
        made = vecstack.refine(made, PICTURE, "fast", tune_net=True, device="cuda")
        goal = vecstack.Goal(layers=5)
        return importlib.import_module("vecstack.fitting.detail").add_detail(made, PICTURE, goal, "fast", device="cuda")


@pytest.mark.slow
@pytest.mark.parametrize(
    "options", [{}, {"transparent": True}, {"depth": 16}, {"exact": True}], ids=["fast", "clear", "deep", "exact"]
)
def test_drawing(stack: vecstack.Stack, options: dict[str, Any]) -> None:
    with pretended_cuda():
        drawn = vecstack.render(stack, 90, device="cuda", **options)
    assert np.array_equal(drawn, vecstack.render(stack, 90, device="cpu", **options))


@pytest.mark.slow
@pytest.mark.parametrize(
    "work",
    [
        lambda stack, device: vecstack.to_svg(stack, device=device),
        lambda stack, device: vecstack.to_html(stack, device=device),
        lambda stack, device: to_ora(stack, size=40, device=device),
        lambda stack, device: to_pdf(stack, size=40, device=device),
        lambda stack, device: prune(stack, 2.0, device=device),
        lambda stack, device: compact(stack, device=device),
    ],
    ids=["svg", "html", "ora", "pdf", "prune", "compact"],
)
def test_exports_and_edits(stack: vecstack.Stack, work: Callable[[vecstack.Stack, str], Any]) -> None:
    with pretended_cuda():
        made = work(stack, "cuda")
    assert made == work(stack, "cpu")
