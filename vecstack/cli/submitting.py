"""A run over all inputs of a command as SLURM jobs, each of which does one shard."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import typer

from vecstack.batch.items import Job
from vecstack.batch.places import is_url
from vecstack.batch.plan import Batch, Shard
from vecstack.cli.course import ENGINES, Course
from vecstack.errors import UsageError, on_one_line

LOGS = ".vecstack-jobs"  # in the output folder, or here for one in a store: what jobs print
CORES = 8  # of a job, unless -j says how many processes work in it
MINUTES = 60  # of a job, which is queued again with what is left: short enough for most partitions


def submit(batch: Batch, job: Job, course: Course) -> None:
    """Submit a job for each shard, and say where its log is and how to see what is done. Raises UsageError: no output
    folder, or no submitit; ExportError: the cluster refuses the jobs."""
    from vecstack.slurm import queue

    if batch.folder is None:
        raise UsageError("--engine slurm needs several inputs and a folder for what is made; name one with -o.")
    count = course.shards or 1
    verb = str(course.options["verb"])
    gpus = [device for device in job.devices if device.startswith("cuda")]
    folder = str(batch.folder)
    logs = Path(LOGS) if is_url(folder) else Path(folder, LOGS)
    numbers = queue(
        [command_of(course.line, verb, Shard(index, count)) for index in range(1, count + 1)],
        logs,
        f"vecstack-{verb}",
        partition=course.partition,
        gpus=len(gpus),
        cpus=course.cores or course.processes() or CORES,
        minutes=course.minutes or MINUTES,
    )
    state = shlex.join(["vecstack", "batch", "status", folder])
    if course.as_json:
        typer.echo(json.dumps({"jobs": numbers, "logs": str(logs), "state": state}))
        return
    typer.echo(f"submitted {count} job{'s'[: count > 1]}: {numbers[0]}{f' to {numbers[-1]}' if count > 1 else ''}")
    typer.echo(on_one_line(f"logs: {logs}"))
    typer.echo(on_one_line(f"state: {state}"))


def command_of(line: Sequence[str], verb: str, shard: Shard) -> list[str]:
    """The command that does one shard of what a command line does, or what is left of it."""
    words = list(_without_engine(line))
    after = words.index(verb) + 1
    part = ["--shard", f"{shard.index}/{shard.count}", "--resume"]
    return [sys.executable, "-m", "vecstack", *words[:after], *part, *words[after:]]


def _without_engine(line: Sequence[str]) -> Iterator[str]:
    """The words of a command line but the options of engines, each of which has a value."""
    options = {"--engine", *(f"--{name}" for names in ENGINES.values() for name in names)}
    words = iter(line)
    for word in words:
        if word == "--":  # what follows is no option
            yield word
            yield from words
        elif word in options:
            next(words, None)
        elif word.partition("=")[0] not in options:
            yield word
