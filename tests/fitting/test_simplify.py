"""Simplifying by score distillation, with tiny nets of weights at random: how it is done, not how it looks."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.helpers import psnr_to
from vecstack import decompose
from vecstack.errors import UsageError, WeightsError
from vecstack.fitting import simplify
from vecstack.fitting.simplify import LEVELS, simplified
from vecstack.pictures.read import Picture, as_picture

diffusers = pytest.importorskip("diffusers")
transformers = pytest.importorskip("transformers")
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a Stable Diffusion whose weights are random."""
    torch.manual_seed(0)
    found = tmp_path_factory.mktemp("sd")
    unet = diffusers.UNet2DConditionModel(
        sample_size=16,
        layers_per_block=1,
        block_out_channels=(8, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=8,
        attention_head_dim=4,
        norm_num_groups=4,
    )
    vae = diffusers.AutoencoderKL(
        latent_channels=4,
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
    )
    (found / "words.json").write_text(json.dumps({"<|startoftext|>": 0, "<|endoftext|>": 1, "a</w>": 2}))
    (found / "merges.txt").write_text("#version: 0.2\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tokenizer = transformers.CLIPTokenizer(str(found / "words.json"), str(found / "merges.txt"), model_max_length=7)
        text = transformers.CLIPTextConfig(
            vocab_size=3,
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=7,
            bos_token_id=0,
            eos_token_id=1,
            pad_token_id=1,
        )
        diffusers.StableDiffusionPipeline(
            vae=vae,
            text_encoder=transformers.CLIPTextModel(text),
            tokenizer=tokenizer,
            unet=unet,
            scheduler=diffusers.DDIMScheduler(),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        ).save_pretrained(found / "nets")
    return found / "nets"


@pytest.fixture
def picture() -> Picture:
    y, x = np.mgrid[0:60, 0:90]
    return as_picture(np.stack([4 * y, 2 * x, 255 * (x > 40)], -1).astype(np.uint8))


def test_pictures_come_from_the_simplest_to_the_one_that_is_nearest(
    folder: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(simplify, "STEPS", 3)
    levels = simplified(picture, f"sds:{folder}", CPU, seed=3)
    assert len(levels) == LEVELS
    assert {level.shape for level in levels} == {(3, 20, 32)}  # 16 latents of 2 px, and as the net halves them
    assert all(level.dtype == np.float32 and 0 <= level.min() < level.max() <= 1 for level in levels)
    away = [float(np.abs(level - levels[-1]).mean()) for level in levels]
    assert away == sorted(away, reverse=True)
    again = simplified(picture, f"sds:{folder}", CPU, seed=3)
    assert all(np.array_equal(one, other) for one, other in zip(levels, again, strict=True))
    assert not np.array_equal(levels[0], simplified(picture, f"sds:{folder}", CPU, seed=4)[0])
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_a_step_takes_out_what_the_net_takes_for_noise(folder: Path, kind: str) -> None:
    pipeline = simplify._loaded(str(folder), CPU)
    pipeline.scheduler = diffusers.DDIMScheduler(prediction_type=kind)
    latents = torch.ones(1, 4, 8, 8)
    truth = torch.randn(latents.shape, generator=_after_one_draw())

    def told(noisy: torch.Tensor, step: torch.Tensor, encoder_hidden_states: torch.Tensor) -> object:
        left = pipeline.scheduler.alphas_cumprod[int(step)]
        said = truth if kind == "epsilon" else left**0.5 * truth - (1 - left) ** 0.5 * latents
        return type("Said", (), {"sample": said})

    pipeline.unet.forward = told
    gradient = simplify._gradient(pipeline, latents, torch.Generator().manual_seed(0))
    assert gradient.abs().max() < 1e-5  # the net sees the very noise that was added: nothing is to be taken out


def _after_one_draw() -> torch.Generator:
    """The generator of a step when its noise is drawn."""
    generator = torch.Generator().manual_seed(0)
    torch.randint(1, 2, (1,), generator=generator)
    return generator


def test_structure_is_that_of_the_simplest_picture(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.full((80, 160, 3), 90, np.uint8)
    values[::4] = 160  # stripes, which the simple picture does not have
    simple = np.zeros((3, 40, 80), np.float32)
    simple[:, :, 40:] = 1
    monkeypatch.setattr("vecstack.fitting.guide.simplified", lambda *_: (simple, simple))
    stack = decompose(values, "paths", 12, effort="fast", simplify="sds:net", device="cpu")
    wholes = [group.name for group in stack.groups if group.parent is None]
    assert len(wholes) == 2
    assert {name.split(", ")[-1] for name in wholes} == {"left", "right"}
    assert psnr_to(stack, values) > 15


def test_nets_that_are_missing_damaged_or_of_another_shape_are_refused(
    folder: Path, tmp_path: Path, picture: Picture
) -> None:
    def refused(weights: str, words: str) -> None:
        with pytest.raises(WeightsError, match=words) as said:
            simplified(picture, f"sds{weights}", CPU, 0)
        assert "\n" not in str(said.value)

    refused("", "sds needs its weights: .*sds:PATH")
    refused(":nowhere", "no folder 'nowhere'")
    for name in ("cut", "wide", "without"):
        shutil.copytree(folder, tmp_path / name)
    weights = "diffusion_pytorch_model.safetensors"
    (tmp_path / "cut" / "vae" / weights).write_bytes((folder / "vae" / weights).read_bytes()[:-9])
    config = json.loads((folder / "unet" / "config.json").read_text())
    (tmp_path / "wide" / "unet" / "config.json").write_text(json.dumps({**config, "block_out_channels": [16, 16]}))
    (tmp_path / "without" / "unet" / weights).unlink()
    for name in ("cut", "wide", "without"):
        refused(f":{tmp_path / name}", f"{name}: damaged, or no model for sds")


def test_another_way_to_simplify_is_refused(picture: Picture) -> None:
    with pytest.raises(UsageError, match="simplify must be sds:PATH or sds:OWNER/NAME@REVISION, not 'blur'"):
        simplified(picture, "blur", CPU, 0)
