"""A command line of one verb, which copies texts as `tests.batch.jobs` does."""

from __future__ import annotations

import typer

import vecstack.cli
from tests.batch.jobs import Copying
from vecstack.batch.plan import plan
from vecstack.cli.arguments import Device, Inputs, Output
from vecstack.cli.course import Course, with_course
from vecstack.cli.running import run_all

app = typer.Typer()


@app.callback()
def options() -> None:
    pass


@app.command("copy")
@with_course
def copy(inputs: Inputs, output: Output = None, size: int = 8, device: Device = "cpu", *, course: Course) -> None:
    run_all(plan(inputs, output, {".txt"}, ".out", **course.planned), Copying(device), course, "Copying")


if __name__ == "__main__":
    vecstack.cli.app_for = lambda _: app
    vecstack.cli.main()
