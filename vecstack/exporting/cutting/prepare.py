"""Stacks made ready for those who make things: opaque, or cut apart."""

from __future__ import annotations

from vecstack.errors import UsageError
from vecstack.exporting.cutting.colors import opaque as to_opaque
from vecstack.exporting.cutting.partition import cutout as to_cutout
from vecstack.exporting.parts import in_parts
from vecstack.exporting.physical import area_in_units, length_in_units
from vecstack.stack import Stack


def prepared(
    stack: Stack,
    *,
    opaque: bool = False,
    cutout: bool = False,
    by_color: bool = False,
    min_area: str | None = None,
    bleed: str | None = None,
    width_mm: float | None = None,
    device: str = "auto",
) -> Stack:
    """The stack with its layers `opaque`, in the colours that they show; as a `cutout`, in which nothing overlaps, with
    the layers of one colour united (`by_color`) and without parts smaller than `min_area` (2mm2 or 30px; a canvas of
    that width), each going on below those above it by a `bleed` (0.2mm or 1px). Raises UsageError; ExportError:
    translucent layers in a cutout, a layer without an outline; no shapely; DeviceError."""
    for name, value in (("by_color", by_color), ("min_area", min_area), ("bleed", bleed)):
        if value and not cutout:
            raise UsageError(f"{name} needs layers that do not overlap; add `cutout=True`.", parameter=name)
    least = 0.0 if min_area is None else area_in_units(min_area, stack.canvas, width_mm)
    reach = 0.0 if bleed is None else length_in_units(bleed, stack.canvas, width_mm)
    if not opaque and not cutout:
        return stack
    parts = in_parts(stack)
    ready = to_opaque(parts, device) if opaque else parts
    if not cutout:
        return ready
    return to_cutout(ready, by_color=by_color, min_area=least, bleed=reach, device=device)
