"""vecstack import: turn drawings into layer files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Act, Item, Job, Report
from vecstack.batch.plan import plan
from vecstack.cli.arguments import Inputs, Output
from vecstack.cli.course import Course, with_course
from vecstack.cli.items import name_of, source_of, write_standard_output

SUFFIXES = {".svg", ".svgz"}


@dataclass(frozen=True)
class Importing(Job):
    """Drawings turned into layer files; where `strict`, one of which something would be left out is refused."""

    strict: bool

    def ready(self) -> Act:
        return self._import

    def _import(self, item: Item, report: Report) -> None:
        from vecstack.document.file import dumps, save
        from vecstack.drawing.file import with_thumbnail
        from vecstack.importing.svg import import_svg

        def told(line: str) -> None:
            report.say(f"{name_of(item.source)}: {line}")

        stack = with_thumbnail(import_svg(source_of(item.source), strict=self.strict, told=told))
        if item.target == STANDARD:
            write_standard_output(dumps(stack))
        else:
            save(stack, item.target, overwrite=item.overwrite)


@with_course
def run(
    inputs: Inputs,
    output: Output = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a drawing of which something would be left out.")
    ] = False,
    *,
    course: Course,
) -> None:
    """Turn SVG drawings into layer files.

    drawing.svg becomes drawing.layers: a layer for each fill and each stroke, in the groups of the drawing. Standard
    error is told what is left out, such as text; nothing is fetched, and no script runs. See docs/import.md."""
    from vecstack.cli.running import run_all

    run_all(plan(inputs, output, SUFFIXES, ".layers", **course.planned), Importing(strict), course, "Importing")
