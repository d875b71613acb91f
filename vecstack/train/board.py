"""A training on a TensorBoard: curves, and pictures beside their layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vecstack.errors import ExportError, RecipeError
from vecstack.extras import install
from vecstack.train.trainee import Trainee

MAX_PICTURES = 4  # shown at each line of the log


class Board:
    """Writes a training to a folder that TensorBoard reads. Raises RecipeError where TensorBoard is not installed, and
    ExportError, as all its methods do, where the folder cannot be written."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise RecipeError(f"TensorBoard curves need the package tensorboard. {install('train')}") from error
        self.folder = folder
        with self._writing():
            self.writer: Any = SummaryWriter(str(folder))

    def write(self, step: int, curves: Mapping[str, float], sheet: Tensor | None) -> None:
        """Add a point to each curve, and a picture [3,H,W] in 0..1 of layers where there is one (see canvas_sheet)."""
        with self._writing():
            for name, value in curves.items():
                self.writer.add_scalar(name, value, step)
            if sheet is not None:
                self.writer.add_image("layers", sheet, step)
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
                f"cannot write {self.folder}: {error.strerror}. Free some space, then `resume=True`."
            ) from error


@torch.no_grad()
def canvas_sheet(trainee: Trainee, model: nn.Module, pictures: Tensor) -> Tensor | None:
    """A row for each of the first few pictures [N,3,S,S] uint8: itself (of a generator, whose pictures are its own,
    nothing), then the canvas after each layer: [3, N*S, (1+T)*S] in 0..1. None for a trainee without layers."""
    if not trainee.layers:
        return None
    pictures, side = pictures[:MAX_PICTURES], pictures.shape[-1]
    drawn = torch.cat(list(trainee.draw(model, pictures, range(1, trainee.layers + 1))))  # [N,T,3,S,S]
    rows = drawn if trainee.is_generator else torch.cat([pictures[:, None].float() / 255, drawn], 1)  # [N,1+T,3,S,S]
    return rows.permute(2, 0, 3, 1, 4).reshape(3, len(pictures) * side, -1)
