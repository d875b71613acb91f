from __future__ import annotations

import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tests.train.conftest import with_baseline, with_sizes
from vecstack.errors import DeviceError, ExportError, RecipeError
from vecstack.kinds.mask.baselines import load_baseline
from vecstack.models import load_model
from vecstack.train import loop
from vecstack.train.data import Examples, load_pictures
from vecstack.train.distributed import World
from vecstack.train.loop import Callbacks, TrainingProgress, describe, train
from vecstack.train.recipe import LossRecipe, Recipe, load_recipe


@pytest.fixture
def recipe(recipe_file: Path) -> Recipe:
    return load_recipe(recipe_file)


@pytest.fixture
def pictures(picture_zip: Path) -> tuple[torch.Tensor, torch.Tensor]:
    return load_pictures([picture_zip], 20)


Pictures = tuple[torch.Tensor, torch.Tensor]


@pytest.mark.slow
def test_training_writes_weights_that_load_and_a_log(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    weights = train(recipe, pictures, tmp_path / "out")
    assert load_model(weights, "cpu").maker.max_layers == 3
    log = logged(tmp_path / "out")
    assert [entry["step"] for entry in log] == [3, 6]
    assert log[-1]["psnr"].keys() == {"1", "2", "3"}


def logged(out: Path) -> list[dict[str, Any]]:
    """The lines of a training's log."""
    return [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def files(out: Path) -> dict[str, bytes]:
    """What a training's folder holds."""
    return {file.name: file.read_bytes() for file in out.iterdir()}


def bright_half(count: int = 40, side: int = 20) -> Pictures:
    """Pictures of one bright half, to train on and held out."""
    pictures = torch.zeros(count, 3, side, side, dtype=torch.uint8)
    pictures[:, :, :, side // 2 :] = 230
    return pictures, pictures[:4]


@pytest.mark.slow
def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    recipe: Recipe, pictures: Pictures, tmp_path: Path
) -> None:
    whole = train(recipe, pictures, tmp_path / "whole")
    train(recipe, pictures, tmp_path / "parts", stop_after=2)
    assert torch.load(tmp_path / "parts" / "checkpoint.pt", weights_only=True)["step"] == 2
    parts = train(recipe, pictures, tmp_path / "parts", resume=True)
    assert parts.read_bytes() == whole.read_bytes()


def test_a_time_limit_of_nothing_saves_at_once(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    train(recipe, pictures, tmp_path / "out", time_limit_seconds=0)
    assert torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)["step"] == 0


@pytest.mark.slow
def test_a_constant_rate_stays_after_the_warm_up_and_a_cosine_falls(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: dict[str, list[float]] = {"constant": [], "cosine": []}
    step = torch.optim.AdamW.step
    for schedule, found in rates.items():

        def noted(optimizer: torch.optim.AdamW, found: list[float] = found) -> Any:
            found.append(optimizer.param_groups[0]["lr"])
            return step(optimizer)

        monkeypatch.setattr(torch.optim.AdamW, "step", noted)
        plan = replace(recipe, schedule=schedule, warmup_steps=3, learning_rate=3e-3)
        train(plan, pictures, tmp_path / schedule, stop_after=4)
        train(plan, pictures, tmp_path / schedule, resume=True)
    assert rates["constant"] == pytest.approx([1e-3, 2e-3, 3e-3, 3e-3, 3e-3, 3e-3])
    assert rates["cosine"] == pytest.approx([1e-3, 1.86603e-3, 2.25e-3, 1.5e-3, 0.75e-3, 0.20096e-3], rel=1e-4)


@pytest.mark.slow
def test_an_interrupted_training_at_a_constant_rate_ends_as_an_uninterrupted_one(
    recipe: Recipe, pictures: Pictures, tmp_path: Path
) -> None:
    constant = replace(recipe, schedule="constant", warmup_steps=2)
    whole = train(constant, pictures, tmp_path / "whole")
    train(constant, pictures, tmp_path / "parts", stop_after=4)
    assert train(constant, pictures, tmp_path / "parts", resume=True).read_bytes() == whole.read_bytes()
    assert train(replace(constant, schedule="cosine"), pictures, tmp_path / "other").read_bytes() != whole.read_bytes()


@pytest.mark.parametrize("name", ["model.safetensors", "log.jsonl", "checkpoint.pt"])
def test_a_training_does_not_overwrite_another(recipe: Recipe, pictures: Pictures, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / name).write_bytes(b"mine")
    with pytest.raises(ExportError, match=name):
        train(recipe, pictures, tmp_path / "out")
    assert [(file.name, file.read_bytes()) for file in (tmp_path / "out").iterdir()] == [(name, b"mine")]


def test_resuming_does_not_overwrite_weights_that_have_no_checkpoint(
    recipe: Recipe, pictures: Pictures, tmp_path: Path
) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"mine")
    with pytest.raises(ExportError, match="checkpoint"):
        train(recipe, pictures, tmp_path, resume=True)
    assert (tmp_path / "model.safetensors").read_bytes() == b"mine"


@pytest.mark.parametrize("out", ["{tmp}/file", "{tmp}/file/below", "/proc/nope", "/proc"])
def test_a_folder_that_cannot_be_written_is_refused_before_training(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, out: str
) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    folder = Path(out.format(tmp=tmp_path))
    with pytest.raises(ExportError, match=f"cannot write {folder}") as caught:
        train(recipe, pictures, folder, callbacks=Callbacks(say=lambda _: pytest.fail("trained")))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_a_full_disk_ends_the_training_and_keeps_the_last_checkpoint(
    recipe: Recipe, pictures: Pictures, recipe_file: Path, picture_zip: Path, tmp_path: Path
) -> None:
    """The limit on the size of a file stands in for the disk: writing fails in the middle, after training began."""
    out = tmp_path / "out"
    train(recipe, pictures, out, time_limit_seconds=0)
    before = files(out)
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)); "
    limit += "from vecstack.cli import run; sys.exit(run(sys.argv[1:]))"
    arguments = train_arguments(recipe_file, picture_zip, out, "--resume", "--quiet")
    command = [sys.executable, "-c", limit, *arguments]
    failed = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert failed.returncode == 4
    assert failed.stderr.startswith(f"vecstack: cannot write {out / 'checkpoint.pt'}: File too large")
    assert failed.stderr.count("\n") == 1
    assert files(out) == before | {"recipe.toml": recipe_file.read_bytes()}


@pytest.mark.slow
def test_an_error_in_a_step_keeps_the_last_checkpoint(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a step leaves when it fails is neither the state before it nor the one after it."""
    batch = Examples.batch
    calls: list[int] = []

    def fail_in_the_fifth(examples: Examples, count: int) -> torch.Tensor:
        calls.append(count)
        if len(calls) == 5:
            raise MemoryError
        return batch(examples, count)

    whole = train(recipe, pictures, tmp_path / "whole")
    monkeypatch.setattr(Examples, "batch", fail_in_the_fifth)
    with pytest.raises(MemoryError):
        train(recipe, pictures, tmp_path / "out")
    assert torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)["step"] == 3
    assert train(recipe, pictures, tmp_path / "out", resume=True).read_bytes() == whole.read_bytes()


@pytest.mark.slow
def test_a_training_that_diverges_keeps_the_last_checkpoint(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    train(recipe, pictures, tmp_path / "out", stop_after=3)
    before = files(tmp_path / "out")
    with pytest.raises(RecipeError, match=r"step 6\..*learning_rate.*checkpoint.pt") as caught:
        train(replace(recipe, learning_rate=1e30), pictures, tmp_path / "out", resume=True)
    assert "\n" not in str(caught.value)
    assert files(tmp_path / "out") == before
    train(replace(recipe, learning_rate=1e-4), pictures, tmp_path / "out", resume=True)
    assert [entry["step"] for entry in logged(tmp_path / "out")] == [3, 6]


@pytest.mark.slow
def test_a_picture_that_is_not_finite_ends_the_training_and_keeps_the_last_checkpoint(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(recipe, pictures, tmp_path / "out", stop_after=3)
    before = files(tmp_path / "out")
    batch = Examples.batch
    with monkeypatch.context() as patched:
        patched.setattr(Examples, "batch", lambda examples, count: batch(examples, count) * torch.nan)
        with pytest.raises(RecipeError, match="not finite"):
            train(recipe, pictures, tmp_path / "out", resume=True)
    assert files(tmp_path / "out") == before
    train(recipe, pictures, tmp_path / "out", resume=True)
    assert [entry["step"] for entry in logged(tmp_path / "out")] == [3, 6]


def test_a_training_that_diverges_at_once_names_no_checkpoint(
    recipe: Recipe, pictures: Pictures, tmp_path: Path
) -> None:
    with pytest.raises(RecipeError, match=r"step 3\. Choose a smaller learning_rate\.$"):
        train(replace(recipe, learning_rate=1e30), pictures, tmp_path / "out")
    assert files(tmp_path / "out") == {}


@pytest.mark.slow
def test_a_log_that_cannot_be_written_ends_the_training_and_keeps_its_lines_whole(
    recipe: Recipe, pictures: Pictures, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    train(recipe, pictures, out, stop_after=3)
    padding = max(len(data) for data in files(out).values()) * 2  # bytes: past those of the checkpoint
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps({"step": 3, "padding": "x" * padding}) + "\n")
    before = (out / "log.jsonl").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 5, limits[1]))  # stands in for a full disk
    try:
        with pytest.raises(ExportError, match=r"log.jsonl: File too large\. .*`resume=True`") as caught:
            train(recipe, pictures, out, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "\n" not in str(caught.value)
    assert (out / "log.jsonl").read_bytes() == before
    assert steps_done(out) == 6


ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def train_arguments(recipe: Path, data: Path, out: Path, *options: str) -> list[str]:
    return ["train", str(recipe), "--data", str(data), "--out", str(out), *options]


@pytest.fixture
def one_thread() -> Iterator[None]:
    """The count of threads of ENVIRONMENT: sums in another order would be other bytes."""
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(count)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
def test_a_signal_at_any_moment_costs_nothing(
    pictures: Pictures, recipe_file: Path, picture_zip: Path, tmp_path: Path
) -> None:
    """Ctrl-C, then SIGTERM, each at a moment drawn by lot, then the rest: the same bytes as in one go."""
    text = recipe_file.read_text(encoding="utf-8").replace("steps = 6", "steps = 60")
    text = text.replace("evaluate_every = 3", "evaluate_every = 20")  # steps, not savings, take the time
    recipe_file.write_text(text, encoding="utf-8")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    recipe = load_recipe(recipe_file)
    train(recipe, pictures, whole)
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 0)):
        began = steps_done(parts)
        command = [sys.executable, "-m", "vecstack", *train_arguments(recipe_file, picture_zip, parts, "--resume")]
        with subprocess.Popen(command, env=ENVIRONMENT, stderr=subprocess.PIPE) as process:
            assert process.stderr is not None
            while b"held-out dB" not in process.stderr.readline():
                assert process.poll() is None
            time.sleep(random.uniform(0, 0.04))  # within a few steps, wherever that is
            process.send_signal(number)
            process.communicate(timeout=60)
            assert process.returncode == code
        assert began < steps_done(parts) < 60
        assert load_model(parts / "model.safetensors", "cpu").maker.max_layers == 3
    train(recipe, pictures, parts, resume=True)
    assert (parts / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def steps_done(out: Path) -> int:
    checkpoint = out / "checkpoint.pt"
    return int(torch.load(checkpoint, weights_only=True)["step"]) if checkpoint.exists() else 0


def test_a_second_interrupt_ends_at_once(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = Examples.batch

    def interrupt_twice(examples: Examples, count: int) -> torch.Tensor:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        pytest.fail("went on")
        return batch(examples, count)

    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(Examples, "batch", interrupt_twice)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, pictures, tmp_path / "out")
    assert not (tmp_path / "out" / "checkpoint.pt").exists()
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_a_second_sigterm_is_the_same_as_one(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torchrun and what stops it may both send one."""
    batch = Examples.batch

    def terminate_twice(examples: Examples, count: int) -> torch.Tensor:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        return batch(examples, count)

    monkeypatch.setattr(Examples, "batch", terminate_twice)
    train(recipe, pictures, tmp_path / "out")
    assert steps_done(tmp_path / "out") == 1


@pytest.mark.slow
def test_training_runs_outside_the_main_thread(recipe: Recipe, pictures: Pictures, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        weights = pool.submit(train, recipe, pictures, tmp_path / "out").result()
    assert load_model(weights, "cpu").maker.max_layers == 3


@pytest.mark.slow
def test_training_learns(recipe: Recipe, tmp_path: Path) -> None:
    """Two hundred steps on pictures of one bright half get well below the error of their mean."""
    long = replace(recipe, steps=200, evaluate_every=200, learning_rate=5e-3, warmup_steps=5, average_decay=0.9)
    train(long, bright_half(), tmp_path / "out")
    mean_only = 6.9  # dB: -10 log10 of (230/255/2)^2
    assert logged(tmp_path / "out")[-1]["psnr"]["3"] > mean_only + 2


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """A perceptual network like VGG, of three convolutions and a pool, with random weights."""
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for number, inputs in ((0, 3), (2, 4), (5, 4)):
        tensors[f"features.{number}.weight"] = torch.randn(4, inputs, 3, 3, generator=generator) / 4
        tensors[f"features.{number}.bias"] = torch.zeros(4)
    path = tmp_path / "network.safetensors"
    save_file(tensors, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    "loss",
    [
        LossRecipe(absolute=1.0),
        LossRecipe(absolute=0.5, canvas=1.0),
        LossRecipe(adversarial=0.01),
        LossRecipe(perceptual=0.02),
        LossRecipe(adversarial=0.01, perceptual=0.02),
    ],
    ids=["absolute", "canvas", "adversarial", "perceptual", "adversarial and perceptual"],
)
def test_every_loss_brings_pictures_closer(recipe: Recipe, loss: LossRecipe, network: Path, tmp_path: Path) -> None:
    loss = replace(loss, perceptual_network=str(network))
    quick = replace(recipe, steps=30, evaluate_every=10, learning_rate=3e-3, warmup_steps=0, loss=loss)
    train(quick, bright_half(), tmp_path / "out")
    psnr = [entry["psnr"]["3"] for entry in logged(tmp_path / "out")]
    assert psnr[-1] > psnr[0] + 0.3


@pytest.mark.slow
@pytest.mark.parametrize(("decoder", "side"), [("mlp", 16), ("mlp-xy", 16), ("convt", 16), ("resnet", 32)])
def test_every_baseline_learns_and_writes_weights_that_load(
    recipe: Recipe, decoder: str, side: int, tmp_path: Path
) -> None:
    quick = replace(recipe, steps=8, evaluate_every=4, learning_rate=3e-4, warmup_steps=0)
    weights = train(with_baseline(quick, decoder, side), bright_half(), tmp_path / "out")
    before, after = (entry["loss"] for entry in logged(tmp_path / "out"))
    assert after < before
    assert load_baseline(weights.read_bytes(), None).sizes.decoder == decoder


def test_a_batch_that_is_too_small_for_a_baseline_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="a batch of 2 or more"):
        train(replace(with_baseline(recipe, "mlp"), batch=1), bright_half(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_bfloat16_stays_close_to_float32(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "bfloat16_pays", lambda _: True)
    quick = replace(recipe, learning_rate=3e-3, warmup_steps=0)
    for precision in ("float32", "bfloat16"):
        train(replace(quick, precision=precision), bright_half(), tmp_path / precision)
    logs = [logged(tmp_path / precision) for precision in ("float32", "bfloat16")]
    for exact, rounded in zip(*logs, strict=True):
        assert rounded["loss"] != exact["loss"]
        assert rounded["loss"] == pytest.approx(exact["loss"], rel=0.02)  # 8 bits of a mantissa, each 0.4 %
        assert rounded["psnr"]["3"] == pytest.approx(exact["psnr"]["3"], abs=0.2)


def test_a_cpu_without_bfloat16_computes_in_float32_and_says_so(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "bfloat16_pays", lambda _: False)
    short = replace(recipe, steps=2, evaluate_every=2)
    told: list[str] = []
    train(replace(short, precision="bfloat16"), bright_half(), tmp_path / "half", callbacks=Callbacks(told.append))
    train(short, bright_half(), tmp_path / "full", callbacks=Callbacks(told.append))
    assert told.count("bfloat16 is no faster on this CPU: computing in float32") == 1
    half, full = (logged(tmp_path / name)[0] for name in ("half", "full"))
    assert half["loss"] == full["loss"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of torch's compiler, of its own parts
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_compiled_training_is_the_same(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    """Traced and differentiated as for a GPU, but not handed to a C++ compiler, which takes a minute."""
    monkeypatch.setattr(loop, "bfloat16_pays", lambda _: True)
    short = replace(with_sizes(recipe, layers=1), steps=2, evaluate_every=2, precision=precision)
    train(short, bright_half(), tmp_path / "plain")
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager"))
    torch.compiler.reset()
    told: list[str] = []
    train(replace(short, compile=True), bright_half(), tmp_path / "compiled", callbacks=Callbacks(told.append))
    torch.compiler.reset()
    assert not any("torch.compile" in line for line in told)
    plain, compiled = (logged(tmp_path / name)[0] for name in ("plain", "compiled"))
    assert compiled["loss"] == pytest.approx(plain["loss"], rel=1e-5 if precision == "float32" else 1e-2)
    assert compiled["psnr"] == pytest.approx(plain["psnr"], abs=0.01)


class FailingBackward(torch.autograd.Function):
    """A function whose gradient cannot be compiled."""

    @staticmethod
    def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
        return values.clone()

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("no compiler\nhere")


def failing_compiler(where: str) -> Any:
    """What stands for torch.compile: its functions fail when called, in their gradients, or when called for the third
    time with all three passes; or they have no gradient."""
    calls: list[int] = []

    def compiled(function: Any, **_: Any) -> Any:
        def call(*arguments: Any) -> Any:
            calls.append(1)
            if where == "call" or (where == "third time" and len(calls) > 6):
                raise RuntimeError("no compiler\nhere")
            codes, colors, masks = function(*arguments)
            changes = {"gradient": FailingBackward.apply, "no gradient": torch.Tensor.detach}
            return codes, colors, changes.get(where, torch.Tensor.clone)(masks)

        return call

    return compiled


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("call", "RuntimeError: no compiler here"),
        ("gradient", "RuntimeError: no compiler here"),
        ("third time", "RuntimeError: no compiler here"),
        ("no gradient", r"its gradients are off by \d+%"),
    ],
)
def test_a_training_that_cannot_be_compiled_is_the_plain_one_and_says_so(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, reason: str
) -> None:
    plain = train(recipe, pictures, tmp_path / "plain")
    monkeypatch.setattr(torch, "compile", failing_compiler(where))
    told: list[str] = []
    compiled = train(replace(recipe, compile=True), pictures, tmp_path / "compiled", callbacks=Callbacks(told.append))
    assert compiled.read_bytes() == plain.read_bytes()
    assert told[0].startswith("compiling a training step")
    assert re.fullmatch(rf"torch\.compile fails after \d+\.\d s \({reason}\): continuing without it", told[1])
    assert not any("compil" in line for line in told[2:])


@pytest.mark.slow
def test_on_a_gpu_the_second_try_is_without_cuda_graphs(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[str] = []

    def compile(function: Any, mode: str, **_: Any) -> Any:
        modes.append(mode)
        return failing_compiler("call")(function) if mode == "reduce-overhead" else function

    monkeypatch.setattr(torch, "compile", compile)
    monkeypatch.setattr(loop, "COMPILE_MODES", {"cpu": loop.COMPILE_MODES["cuda"]})
    told: list[str] = []
    train(replace(recipe, compile=True), pictures, tmp_path / "out", callbacks=Callbacks(told.append))
    assert modes == ["reduce-overhead", "default"]
    assert [re.sub(r"\d+\.\d s", "N s", line) for line in told if "compil" in line] == [
        "compiling a training step (compile = true in the recipe), which can take minutes",
        "torch.compile fails after N s (RuntimeError: no compiler here): continuing without CUDA graphs",
        "compiling a training step (compile = true in the recipe), which can take minutes",
        "compiling took N s",
    ]


@pytest.mark.slow
def test_a_trial_of_the_compiler_changes_nothing(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what is random, nor the statistics of a baseline's norms."""
    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    for name, plan in (("model", recipe), ("baseline", with_baseline(recipe, "mlp"))):
        weights = [
            train(replace(plan, compile=compiled), pictures, tmp_path / f"{name}-{compiled}").read_bytes()
            for compiled in (False, True)
        ]
        assert weights[0] == weights[1]


@pytest.mark.slow
def test_what_fails_in_one_of_several_processes_is_done_without_in_all(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[bool] = []

    def any_of(_: World, flag: bool) -> bool:
        faults.append(flag)
        return len(faults) == 1 or flag

    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    monkeypatch.setattr(loop, "process_group", lambda _: nullcontext(World(0, 2)))
    monkeypatch.setattr(loop, "DistributedDataParallel", lambda objective: objective)
    monkeypatch.setattr(World, "any", any_of)
    monkeypatch.setattr(World, "wait", lambda _: None)
    monkeypatch.setattr(World, "mean", lambda _, values: values)
    told: list[str] = []
    train(replace(recipe, compile=True), pictures, tmp_path / "out", callbacks=Callbacks(told.append))
    assert re.fullmatch(r"torch\.compile fails after \d+\.\d s \(in another process\): continuing without it", told[1])


@pytest.mark.slow
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("step", "remedy"), [(1, r"than 4\.$"), (5, r"than 4, then `resume=True`\.$")])
def test_a_gpu_without_the_memory_asks_for_a_smaller_batch(
    recipe: Recipe,
    pictures: Pictures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    remedy: str,
    compiled: bool,
) -> None:
    sample = loop.sample
    calls: list[int] = []

    def run_out(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == step:
            raise torch.cuda.OutOfMemoryError("tried to allocate 20.00 MiB\n")
        return sample(*arguments)

    monkeypatch.setattr(torch, "compile", lambda function, **_: function)
    monkeypatch.setattr(loop, "sample", run_out)
    with pytest.raises(DeviceError, match=f"ran out of memory.*{remedy}") as caught:
        train(replace(recipe, compile=compiled), pictures, tmp_path / "out")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_progress_tells_the_steps_the_loss_so_far_and_the_time_left(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "PROGRESS_SECONDS", 0)
    told: list[TrainingProgress] = []
    train(recipe, pictures, tmp_path / "out", callbacks=Callbacks(progress=told.append))
    assert [(progress.step, progress.steps) for progress in told] == [(step, 6) for step in range(1, 7)]
    assert told[2].loss == logged(tmp_path / "out")[0]["loss"]
    assert all(progress.steps_per_second > 0 for progress in told)
    assert told[2].seconds_left == pytest.approx(3 / told[2].steps_per_second)
    assert told[-1].seconds_left == 0


@pytest.mark.slow
def test_the_first_step_is_told_of_at_once_and_then_what_happens_each_minute(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = replace(recipe, evaluate_every=100)
    told: list[str] = []
    train(long, pictures, tmp_path / "few", callbacks=Callbacks(told.append))
    assert len(told) == 1
    assert re.fullmatch(r"step 1 of 6, loss \d\.\d{5}, \d+\.\d s\S+, \d+:\d\d:\d\d left", told[0])
    monkeypatch.setattr(loop, "LINE_SECONDS", 0)
    told.clear()
    train(long, pictures, tmp_path / "many", callbacks=Callbacks(told.append))
    assert [line.split(",")[0] for line in told] == [f"step {number} of 6" for number in range(1, 7)]


def test_the_time_limit_stops_the_compiler(
    recipe: Recipe, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it does and however it takes errors: here it sleeps, and takes every Exception for its own."""

    def compile(_: Any, **__: Any) -> Any:
        def call(*_: Any) -> Any:
            try:
                time.sleep(300)
            except Exception:
                time.sleep(300)

        return call

    monkeypatch.setattr(torch, "compile", compile)
    monkeypatch.setattr(loop, "COMPILE_MODES", {"cpu": loop.COMPILE_MODES["cuda"]})
    handler, told = signal.getsignal(signal.SIGALRM), list[str]()
    began = time.monotonic()
    plan = replace(recipe, compile=True)
    train(plan, pictures, tmp_path / "out", callbacks=Callbacks(told.append), time_limit_seconds=1)
    assert time.monotonic() - began < 150  # not the 300 s of the compiler, on a machine however busy
    assert "(the time limit has passed)" in told[1]
    assert told[-1] == "stopped and saved at step 0 of 6; resume to continue"
    assert len(told) == 3
    assert steps_done(tmp_path / "out") == 0
    assert signal.getsignal(signal.SIGALRM) is handler


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (TrainingProgress(10, 100, 0.012344, 8.06, 5025), "loss 0.01234, 8.1 steps/s, 1:23:45 left"),
        (TrainingProgress(10, 100, 1.5, 1.0, 59.6), "loss 1.50000, 1.0 steps/s, 0:01:00 left"),
        (TrainingProgress(10, 100, 0.5, 0.4, 360000), "loss 0.50000, 2.5 s/step, 100:00:00 left"),
        (TrainingProgress(100, 100, -0.5, 123.0, 0), "loss -0.50000, 123.0 steps/s, 0:00:00 left"),
    ],
)
def test_progress_is_told_as_one_reads_it(progress: TrainingProgress, text: str) -> None:
    assert describe(progress) == text
