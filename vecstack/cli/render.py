"""vecstack render: draw layer files as pictures."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Act, Item, Job, Report
from vecstack.batch.plan import plan
from vecstack.cli.arguments import Device, Inputs, Output, Scale, devices_in
from vecstack.cli.course import Course, with_course
from vecstack.cli.items import name_of, source_of, tell_of_undrawable
from vecstack.document.file import SUFFIXES
from vecstack.drawing.viewport import Viewport
from vecstack.errors import UsageError
from vecstack.geometry import Rect
from vecstack.stack import Canvas

FORMAT_NAMES = ("png", "jpeg", "webp", "tiff")


@dataclass(frozen=True)
class Drawing(Job):
    """Layer files drawn as pictures: a part of the canvas (None: all of it) at a size, with the options of
    `vecstack.drawing.file.render_to_file`."""

    region: Rect | None
    size: int | None
    width: int | None
    height: int | None
    scale: float | None
    depth: int
    transparent: bool | None
    picture_format: str | None
    dpi: float | None
    exact: bool
    device: str

    @property
    def devices(self) -> tuple[str, ...]:
        return devices_in(self.device)

    def on(self, device: str) -> Drawing:
        return dataclasses.replace(self, device=device)

    def ready(self) -> Act:
        return self._draw

    def _draw(self, item: Item, report: Report) -> None:
        from vecstack.document.file import load
        from vecstack.drawing.file import render_to_file
        from vecstack.exporting.physical import source_dpi

        stack = load(source_of(item.source))
        tell_of_undrawable(stack, item, report)
        viewport, told = self._viewport(stack.canvas), source_dpi(stack)
        area = self.region or stack.canvas.rect
        if (shape := self._stretched(viewport)) is not None:
            report.say(f"{name_of(item.source)}: {shape}")
        is_stream = item.target == STANDARD
        render_to_file(
            stack,
            sys.stdout.buffer if is_stream else item.target,
            viewport,
            format=self.picture_format or ("png" if is_stream else None),
            depth=self.depth,
            transparent=self.transparent,
            exact=self.exact,
            device=self.device,
            overwrite=item.overwrite,
            dpi=told * viewport.width_px / area.width if self.dpi is None and told is not None else self.dpi,
            progress=report,
        )

    def _viewport(self, canvas: Canvas) -> Viewport:
        """The part of a canvas that is drawn, and its pixels. Raises UsageError."""
        area = self.region or canvas.rect
        if not area.inside(canvas.rect):
            region = ",".join(f"{side:g}" for side in (area.x, area.y, area.width, area.height))
            sides = f"{canvas.width},{canvas.height}"
            raise UsageError(f"--region {region} reaches outside the canvas; it must lie within 0,0,{sides}.")
        return Viewport.of_region(area, size=self.size, width=self.width, height=self.height, scale=self.scale)

    def _stretched(self, viewport: Viewport) -> str | None:
        """What is said of a picture of another shape than what is drawn; None where it has the same, within a pixel."""
        wide, high = viewport.width_px, viewport.height_px
        fitting = round(viewport.region.height * wide / viewport.region.width)
        if self.width is None or self.height is None or abs(fitting - high) <= 1:
            return None
        return f"stretched to {wide:,} x {high:,} px; --width alone makes it {wide:,} x {fitting:,}"


@with_course
def run(
    inputs: Inputs,
    output: Output = None,
    size: Annotated[int | None, typer.Option("--size", metavar="PX", help="Length of the long side in pixels.")] = None,
    width: Annotated[int | None, typer.Option("--width", metavar="PX", help="Width in pixels.")] = None,
    height: Annotated[int | None, typer.Option("--height", metavar="PX", help="Height in pixels.")] = None,
    scale: Scale = None,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="X,Y,W,H", help="Draw only this part of the canvas, in pixels of the source."),
    ] = None,
    depth: Annotated[
        int, typer.Option("--depth", metavar="8|16", help="Bits per channel (16: PNG and TIFF only).")
    ] = 8,
    transparent: Annotated[
        bool | None,
        typer.Option(
            "--transparent/--no-transparent",
            help="Leave the background out, or draw it (default: as the canvas says, where the format has alpha).",
        ),
    ] = None,
    picture_format: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT", help="png, jpeg, webp or tiff (default: by the output's suffix)."),
    ] = None,
    dpi: Annotated[
        float | None,
        typer.Option("--dpi", metavar="N", help="Pixels in an inch that a PNG, TIFF or JPEG says it has."),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Evaluate every layer at every pixel (hundreds of times slower).")
    ] = False,
    device: Device = "auto",
    *,
    course: Course,
) -> None:
    """Draw layer files as pictures of any size.

    photo.layers becomes photo.png."""
    box = None if region is None else parse_region(region)
    if depth not in (8, 16):
        raise UsageError(f"--depth must be 8 or 16, not {depth}.")
    if picture_format is not None and picture_format not in FORMAT_NAMES:
        others = "; `vecstack export` writes svg, pdf and more"
        raise UsageError(f"--format must be one of {', '.join(FORMAT_NAMES)}, not {picture_format!r:.40}{others}.")
    job = Drawing(box, size, width, height, scale, depth, transparent, picture_format, dpi, exact, device)
    from vecstack.cli.running import run_all

    run_all(plan(inputs, output, SUFFIXES, f".{picture_format or 'png'}", **course.planned), job, course, "Drawing")


def parse_region(text: str) -> Rect:
    """The rectangle written as x,y,w,h in canvas units. Raises UsageError."""
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError:
        raise UsageError(
            f"--region {text!r:.40}: expected x,y,w,h in pixels of the source, such as 0,0,100,80."
        ) from None
    return Rect(x, y, width, height)
