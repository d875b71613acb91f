"""Segment Anything, with a tiny net of weights at random."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from vecstack.errors import WeightsError
from vecstack.fitting.segmenters import sam
from vecstack.fitting.segmenters.sam import sam_parts
from vecstack.pictures.read import Picture, as_picture

transformers = pytest.importorskip("transformers")
SIDE = 64
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a net whose weights are random."""
    prompts = {"hidden_size": 16, "image_size": SIDE, "patch_size": 8, "mask_input_channels": 4}
    masks = {
        "hidden_size": 16,
        "mlp_dim": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "iou_head_hidden_dim": 16,
    }
    pictures = {
        "hidden_size": 16,
        "output_channels": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "patch_size": 8,
        "mlp_dim": 32,
        "window_size": 4,
        "global_attn_indexes": [1],
        "num_pos_feats": 8,
    }
    torch.manual_seed(0)
    config = transformers.SamConfig(
        vision_config=pictures, prompt_encoder_config=prompts, mask_decoder_config=masks, initializer_range=0.5
    )
    found = tmp_path_factory.mktemp("sam")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transformers.SamModel(config).save_pretrained(found)
    return found


@pytest.fixture
def picture() -> Picture:
    y, x = np.mgrid[0:60, 0:90]
    return as_picture(np.stack([4 * y, 2 * x, 255 * (x > 40)], -1).astype(np.uint8))


def copied(folder: Path, to: Path) -> Path:
    """The folder once more, to be damaged."""
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to


def test_whatever_the_net_finds_is_told_apart(
    folder: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sam, "SURE", -100.0)
    monkeypatch.setattr(sam, "STABLE", 0.0)
    guide = sam_parts(picture, str(folder), 5, CPU)
    assert guide.segments is not None
    assert guide.segments.shape == (43, 64)  # of the picture, without what its input was filled up with
    assert 2 <= len(np.unique(guide.segments)) <= 5
    assert len(guide.names) == len(guide.parents) > guide.segments.max()
    assert capfd.readouterr() == ("", "")


def test_what_the_net_is_not_sure_of_is_left_out(
    folder: Path, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sam, "SURE", 100.0)
    guide = sam_parts(picture, str(folder), 5, CPU)
    assert guide.segments is not None
    assert not guide.segments.any()
    assert guide.names == ("Segment 1",)


def squares(*boxes: tuple[int, int, int, int]) -> torch.Tensor:
    """Masks [N,32,32] before the sigmoid, each 1 in a box from row and column to row and column, else -1."""
    found = -torch.ones(len(boxes), 32, 32)
    for mask, (top, left, bottom, right) in zip(found, boxes, strict=True):
        mask[top:bottom, left:right] = 1
    return found


def test_of_masks_of_one_thing_the_surest_stays() -> None:
    masks = squares((0, 0, 10, 10), (0, 0, 10, 9), (0, 0, 20, 30), (25, 25, 32, 32))
    kept = sam._different(masks, torch.tensor([0.90, 0.95, 0.91, 0.92]), 9)
    assert torch.equal(kept, masks[[2, 1, 3]])  # large ones first
    assert torch.equal(sam._different(masks, torch.tensor([0.90, 0.95, 0.91, 0.92]), 2), masks[[2, 1]])


def test_a_thing_is_a_part_of_the_smallest_that_holds_it() -> None:
    masks = squares((0, 0, 30, 30), (2, 2, 20, 20), (4, 4, 10, 10), (15, 15, 30, 26), (30, 0, 32, 9)) > 0
    numbers, parents = sam._stacked(masks.numpy())
    assert parents == [None, None, 1, 2, 1, None]
    assert [int(numbers[place]) for place in ((31, 31), (0, 0), (3, 3), (5, 5), (25, 20), (31, 0))] == list(range(6))


def test_weights_that_are_missing_damaged_or_of_another_shape_are_refused(
    folder: Path, tmp_path: Path, picture: Picture
) -> None:
    def refused(weights: str | Path | None, words: str) -> None:
        with pytest.raises(WeightsError, match=words) as said:
            sam_parts(picture, None if weights is None else str(weights), 5, CPU)
        assert "\n" not in str(said.value)

    refused(None, "sam needs its weights: .*sam:PATH or sam:OWNER/NAME@REVISION")
    refused(tmp_path / "none", "no folder .*none")
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(empty, "empty: damaged, or no model for sam")
    cut = copied(folder, tmp_path / "cut")
    (cut / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes()[:-9])
    refused(cut, "cut: damaged, or no model for sam")
    for name, setting, value in (("wide", "mlp_dim", 48), ("deep", "num_hidden_layers", 3)):
        other = copied(folder, tmp_path / name)
        config = json.loads((other / "config.json").read_text())
        config["vision_config"][setting] = value
        (other / "config.json").write_text(json.dumps(config))
        refused(other, f"{name}: damaged, or no model for sam")
    clip = copied(folder, tmp_path / "clip")
    (clip / "config.json").write_text(
        json.dumps({**json.loads((folder / "config.json").read_text()), "model_type": "clip"})
    )
    refused(clip, "clip: damaged, or no model for sam .*clip")
