"""What drawing a picture takes, before it is drawn."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class Plan:
    """Layers that are compiled, into so many patches and cells left to exact evaluation, by so many evaluations of a
    layer at a point; layers that their own kind draws on the grid of pixels; layers that are evaluated at every pixel;
    and the bytes of the patches."""

    compiled_layers: int = 0
    patches: int = 0
    exact_cells: int = 0
    evaluations: int = 0
    grid_layers: int = 0
    exact_layers: int = 0
    patch_bytes: int = 0

    def __add__(self, other: Plan) -> Plan:
        return Plan(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))
