"""A training on a TensorBoard: curves, and pictures beside their layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vecstack.errors import ExportError, RecipeError
from vecstack.kinds.mask.model import Predictor, fit_to_side, grid_points

PICTURES = 4  # shown at each line of the log


class Board:
    """Writes a training to a folder that TensorBoard reads. Raises RecipeError where TensorBoard is not installed, and
    ExportError, as all its methods do, where the folder cannot be written."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise RecipeError("--tensorboard needs tensorboard: pip install 'vecstack[train]'.") from error
        self.folder = folder
        with self._writing():
            self.writer: Any = SummaryWriter(str(folder))

    def write(self, entry: dict[str, Any], psnr: dict[int, float], model: nn.Module, pictures: Tensor) -> None:
        """Add a line of the log, and, of a model of layers, some pictures [N,3,S,S] uint8 beside its canvases."""
        step = entry["step"]
        with self._writing():
            self.writer.add_scalar("loss", entry["loss"], step)
            for layers, value in psnr.items():
                self.writer.add_scalar(f"psnr/{layers}", value, step)
            if isinstance(model, Predictor):
                self.writer.add_image("layers", canvas_sheet(model, pictures[:PICTURES]), step)
            self.writer.flush()

    def close(self) -> None:
        """Close the file."""
        with self._writing():
            self.writer.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ExportError(
                f"cannot write {self.folder}: {error.strerror}. Free some space, then --resume."
            ) from error


@torch.no_grad()
def canvas_sheet(model: Predictor, pictures: Tensor) -> Tensor:
    """A row for each picture [N,3,S,S] uint8: itself, then the canvas after each layer: [3, N*S, (1+T)*S] in 0..1."""
    side = pictures.shape[-1]
    truth = pictures.float() / 255
    codes, colors = model.predict(fit_to_side(truth, model.sizes.encoder.side))
    drawn = model.draw(grid_points(side, device=truth.device), codes, colors)  # [N,T,3,P]
    rows = torch.cat([truth[:, None], drawn.view(*drawn.shape[:3], side, side)], 1)  # [N,1+T,3,S,S]
    return rows.permute(2, 0, 3, 1, 4).reshape(3, len(pictures) * side, -1)
