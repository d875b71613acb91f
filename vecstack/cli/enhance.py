"""vecstack enhance: draw layer files with detail."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Act, Item, Job, Report
from vecstack.batch.plan import plan
from vecstack.cli.arguments import Device, Inputs, Output, devices_in
from vecstack.cli.course import Course, with_course
from vecstack.cli.items import source_of
from vecstack.document.file import SUFFIXES
from vecstack.models import DEFAULT_ENHANCER


@dataclass(frozen=True)
class Enhancing(Job):
    """Layer files drawn as pictures, with the detail that an enhancer adds."""

    model: str
    size: int | None
    device: str

    @property
    def devices(self) -> tuple[str, ...]:
        return devices_in(self.device)

    def on(self, device: str) -> Enhancing:
        return dataclasses.replace(self, device=device)

    def ready(self) -> Act:
        from vecstack.enhancing.weights import load_enhancer

        enhancer = load_enhancer(self.model, self.device)

        def act(item: Item, report: Report) -> None:
            from vecstack.document.file import load
            from vecstack.enhancing.enhance import enhance_to_file

            is_stream = item.target == STANDARD
            enhance_to_file(
                load(source_of(item.source)),
                sys.stdout.buffer if is_stream else item.target,
                enhancer,
                size=self.size,
                format="png" if is_stream else None,
                device=self.device,
                overwrite=item.overwrite,
                progress=report,
            )

        return act


@with_course
def run(
    inputs: Inputs,
    output: Output = None,
    model: Annotated[
        str,
        typer.Option("--model", metavar="NAME|PATH|REPO@REV", help="An enhancer, trained for the layers of one model."),
    ] = DEFAULT_ENHANCER,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PX", help="Length of the long side in pixels (default: that of the canvas)."),
    ] = None,
    device: Device = "auto",
    *,
    course: Course,
) -> None:
    """Draw layer files with detail that an enhancer adds.

    photo.layers becomes photo.png. The detail is invented: it depends on the layers alone, and looks like that of the
    pictures that the enhancer learned from."""
    job = Enhancing(model, size, device)
    from vecstack.cli.running import run_all

    run_all(plan(inputs, output, SUFFIXES, ".png", **course.planned), job, course, "Enhancing")
