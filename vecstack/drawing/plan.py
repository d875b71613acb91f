"""The cost of drawing a picture, known before it is drawn."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Plan:
    """How a picture is drawn: `compiled_layers` become `patches`, with `exact_cells` left to exact evaluation;
    `grid_layers` are drawn by their kinds on the grid of pixels; `exact_layers` are evaluated at every pixel.
    `evaluations` counts evaluations of one layer at one point; `patch_bytes` is the size of the patches."""

    compiled_layers: int = 0
    patches: int = 0
    exact_cells: int = 0
    evaluations: int = 0
    grid_layers: int = 0
    exact_layers: int = 0
    patch_bytes: int = 0

    def __add__(self, other: Plan) -> Plan:
        return Plan(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))
