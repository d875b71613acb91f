"""vecstack adjust: change pictures where the masks of their layers are."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Act, Item, Job, Report
from vecstack.batch.plan import plan
from vecstack.cli.arguments import Device, Inputs, MaxPixels, Output, devices_in, parse_color
from vecstack.cli.course import Course, with_course
from vecstack.cli.items import name_of, partner_of, picture_in
from vecstack.document.file import SUFFIXES as DOCUMENTS
from vecstack.errors import DocumentError, PictureError, UsageError, named
from vecstack.pictures.suffixes import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable

    from vecstack.batch.plan import Batch
    from vecstack.editing.adjust import Adjustment
    from vecstack.stack import Stack


@dataclass(frozen=True)
class Adjusting(Job):
    """Pictures changed where the masks of some layers are, or where they are not: of a file, or of each picture's own
    in a folder."""

    layers: str
    mask: str
    adjustment: Adjustment
    is_inverted: bool
    keeps_metadata: bool
    max_pixels: float | None
    device: str

    @property
    def devices(self) -> tuple[str, ...]:
        return devices_in(self.device)

    def on(self, device: str) -> Adjusting:
        return dataclasses.replace(self, device=device)

    def uses(self, item: Item) -> tuple[str, ...]:
        return (self._layers_of(item),) if Path(self.layers).is_dir() else ()

    def ready(self) -> Act:
        from vecstack.document.file import load

        opened = lru_cache(maxsize=1)(load)
        if not Path(self.layers).is_dir():
            opened(self.layers)
        return partial(self._adjust, opened)

    def _layers_of(self, item: Item) -> str:
        return partner_of(item, self.layers, DOCUMENTS, "layer files", DocumentError)

    def _adjust(self, opened: Callable[[str], Stack], item: Item, report: Report) -> None:
        from vecstack.editing.adjust import adjust
        from vecstack.pictures.decoding.exif import exif_kept
        from vecstack.pictures.write import pixels_to_file

        layers = self._layers_of(item)
        stack = opened(layers)
        try:
            picture = picture_in(item.source, self.max_pixels)
            pixels = adjust(
                picture,
                stack,
                self.mask,
                self.adjustment,
                invert=self.is_inverted,
                device=self.device,
                progress=report,
            )
        except PictureError as error:
            raise named(error, name_of(item.source)) from error
        except DocumentError as error:
            raise named(error, name_of(layers)) from error
        dpi, exif = (picture.dpi, exif_kept(picture.exif)) if self.keeps_metadata else (None, None)
        if item.target == STANDARD:
            pixels_to_file(pixels, sys.stdout.buffer, format="png", dpi=dpi, exif=exif)
        else:
            pixels_to_file(pixels, item.target, overwrite=item.overwrite, dpi=dpi, exif=exif)


@with_course
def run(
    inputs: Inputs,
    layers: Annotated[
        str,
        typer.Option(
            "--layers",
            metavar="FILE|DIR",
            help="The picture's layer file, or a folder of layer files named like the inputs.",
        ),
    ],
    mask: Annotated[
        str, typer.Option("--mask", metavar="SEL", help="Layers whose masks select the area (same syntax as edit).")
    ],
    output: Output = None,
    brightness: Annotated[
        float, typer.Option("--brightness", metavar="N", help="Brightness, -1 (dark) to 1 (bright).")
    ] = 0,
    contrast: Annotated[float, typer.Option("--contrast", metavar="N", help="Contrast, -1 (none) to 1 (strong).")] = 0,
    saturation: Annotated[
        float, typer.Option("--saturation", metavar="N", help="Saturation, -1 (grey) to 1 (twice the chroma).")
    ] = 0,
    hue: Annotated[float, typer.Option("--hue", metavar="DEGREES", help="Rotate the hue, -360 to 360.")] = 0,
    tint: Annotated[
        str | None,
        typer.Option("--tint", metavar="COLOR[=N]", help="Tint towards COLOR by N, 0 to 1 (default 1)."),
    ] = None,
    blur: Annotated[
        float, typer.Option("--blur", metavar="PX", help="Blur by this standard deviation in pixels, up to 250.")
    ] = 0,
    invert: Annotated[bool, typer.Option("--invert", help="Adjust outside the masks instead.")] = False,
    keep_metadata: Annotated[
        bool,
        typer.Option("--keep-metadata/--drop-metadata", help="Keep the EXIF data and the dpi of the picture."),
    ] = True,
    max_pixels: MaxPixels = None,
    device: Device = "auto",
    *,
    course: Course,
) -> None:
    """Change pictures where the masks of their layers are.

    The result has the picture's own pixels. SEL selects layers: an id, a name, a group, a number (1 is the lowest), a
    range such as 3-7, * for all, or several of these separated by commas. See docs/adjust.md."""
    if output is None and inputs != [STANDARD]:
        raise UsageError("adjust needs an output; name one with -o.")
    adjustment = _adjustment(brightness, contrast, saturation, hue, tint, blur)
    batch = plan(inputs, output, set(SUFFIXES), ".png", **course.planned)
    batch = dataclasses.replace(batch, notes=(*batch.notes, *_told_of_one_file(batch, layers)))
    job = Adjusting(layers, mask, adjustment, invert, keep_metadata, max_pixels, device)
    from vecstack.cli.running import run_all

    run_all(batch, job, course, "Adjusting")


def _told_of_one_file(batch: Batch, layers: str) -> tuple[str, ...]:
    """What is said where the masks of one picture go over several."""
    count = len(batch.items)
    if count < 2 or Path(layers).is_dir():
        return ()
    return (f"the masks of {name_of(layers)} go over all {count} pictures; --layers DIR takes each picture's own",)


def _adjustment(
    brightness: float, contrast: float, saturation: float, hue: float, tint: str | None, blur: float
) -> Adjustment:
    """The adjustment that the options describe. Raises UsageError."""
    from vecstack.editing.adjust import Adjustment

    color, equals, strength = (tint or "").partition("=")
    if tint is not None:
        parse_color(color, "--tint")
    try:
        amount = float(strength) if equals else 1.0
    except ValueError:
        raise UsageError(f"--tint {tint!r:.40}: expected a colour, or COLOR=N with a number N from 0 to 1.") from None
    return Adjustment(brightness, contrast, saturation, hue, color if tint is not None else None, amount, blur)
