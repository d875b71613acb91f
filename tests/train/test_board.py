from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from vecstack.errors import ExportError, RecipeError
from vecstack.kinds.mask.baselines import BaselineTrainee
from vecstack.kinds.mask.model import Predictor, grid_points
from vecstack.kinds.mask.training import MaskTrainee
from vecstack.train.board import Board, canvas_sheet
from vecstack.train.data import load_pictures
from vecstack.train.loop import Callbacks, train
from vecstack.train.recipe import load_recipe

PICTURES = torch.randint(256, (2, 3, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def events(folder: Path) -> Any:
    """What TensorBoard reads in a folder."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return found


@pytest.mark.slow
def test_a_training_shows_curves_and_pictures_of_its_layers(
    recipe_file: Path, picture_zip: Path, tmp_path: Path
) -> None:
    board = tmp_path / "out" / "tensorboard"
    pictures = load_pictures([picture_zip], 20)
    callbacks = Callbacks(board=board)
    train(load_recipe(recipe_file), pictures, tmp_path / "out", callbacks=callbacks, stop_after=3)
    train(load_recipe(recipe_file), pictures, tmp_path / "out", callbacks=callbacks, resume=True)
    found = events(board)
    assert set(found.Tags()["scalars"]) == {"loss", "psnr/1", "psnr/2", "psnr/3"}
    losses = found.Scalars("loss")
    assert [event.step for event in losses] == [3, 6]
    log = (tmp_path / "out" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [event.value for event in losses] == pytest.approx([json.loads(line)["loss"] for line in log])
    images = found.Images("layers")
    assert [event.step for event in images] == [3, 6]
    with Image.open(io.BytesIO(images[-1].encoded_image_string)) as picture:
        assert picture.size == ((1 + 3) * 16, 4 * 16)  # the picture and 3 canvases; 4 pictures


def test_a_model_without_layers_has_curves_alone(tmp_path: Path) -> None:
    board = Board(tmp_path)
    sheet = canvas_sheet(BaselineTrainee(), torch.nn.Identity(), PICTURES)
    board.write(1, {"loss": 0.5, "psnr/0": 12.0}, sheet)
    board.close()
    found = events(tmp_path)
    assert found.Tags()["images"] == []
    assert found.Scalars("psnr/0")[0].value == 12


def test_a_sheet_has_a_row_of_each_picture_and_its_canvases(predictor: Predictor) -> None:
    sheet = canvas_sheet(MaskTrainee(predictor.sizes), predictor, PICTURES)
    assert sheet is not None
    assert sheet.shape == (3, 2 * 16, 4 * 16)
    assert float(sheet.min()) >= 0
    assert float(sheet.max()) <= 1
    codes, colors = predictor.predict(PICTURES.float() / 255)
    canvases = predictor.draw(grid_points(16), codes, colors).view(2, 3, 3, 16, 16)
    for row in range(2):
        line = sheet[:, row * 16 : (row + 1) * 16]
        assert torch.equal(line[:, :, :16], PICTURES[row] / 255)
        for layer in range(3):
            place = slice((1 + layer) * 16, (2 + layer) * 16)
            assert torch.equal(line[:, :, place], canvases[row, layer])
    assert not np.array_equal(sheet[:, :16, -16:], sheet[:, 16:, -16:])


def test_without_tensorboard_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    for name in [name for name in sys.modules if name.startswith("torch.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(
        RecipeError,
        match=r"^TensorBoard curves need the package tensorboard\. Install it .*pip install '\.\[train\]'\.$",
    ):
        Board(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(ExportError, match=f"cannot write {tmp_path / 'file'}"):
        Board(tmp_path / "file")
