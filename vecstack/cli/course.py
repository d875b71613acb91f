"""The options that commands over several inputs share, as one value."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from vecstack.batch.inputs import Wanted
from vecstack.batch.plan import Naming, Shard, parse_shard
from vecstack.cli.arguments import Overwrite, Quiet, Resume, SkipExisting, Update
from vecstack.errors import UsageError

AUTO = "auto"  # as many processes as there are cores, where there is enough to do
MAX_PROCESSES = 1024
MAX_SHARDS = 100_000
ENGINES = {
    "local": (),
    "ray": ("address",),
    "slurm": ("shards", "partition", "minutes", "cores"),
}  # with the options of each alone
UNTOLD = {"inputs", "output", "device"}  # parameters that outputs do not depend on, beside those of a course

UNASKED = {"options", "line"}  # fields of a course that are no option

Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include", metavar="PATTERN", help="Of folders, globs and lists, only files like this, such as '*.jpg'."
    ),
]
Exclude = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="PATTERN", help="Leave files like this out, such as 'old/*'.")
]
Name = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="PATTERN",
        help="Names of outputs, such as '{stem}-{size}': {stem}, {name}, {suffix} and options.",
    ),
]
Jobs = Annotated[
    str, typer.Option("-j", "--jobs", metavar="N", help="Processes that work at once, or auto: one for each core.")
]
Part = Annotated[
    str | None,
    typer.Option("--shard", metavar="I/N", help="Only part I of N of the inputs: one for each of N machines."),
]
Engine = Annotated[
    str,
    typer.Option(
        "--engine", metavar="NAME", help="Where work is done: local (processes here), ray, or slurm (docs/scale.md)."
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address", metavar="ADDRESS", help="The Ray cluster of --engine ray (default: RAY_ADDRESS, or this machine)."
    ),
]
Shards = Annotated[
    int | None,
    typer.Option("--shards", metavar="N", min=1, max=MAX_SHARDS, help="Submit N jobs by --engine slurm, a shard each."),
]
Partition = Annotated[
    str | None, typer.Option("--partition", metavar="NAME", help="The partition of these jobs (default: SLURM's).")
]
Minutes = Annotated[
    int | None,
    typer.Option(
        "--minutes",
        metavar="N",
        min=1,
        help="Time limit of these jobs, which are queued again after it (default 60).",
    ),
]
Cores = Annotated[
    int | None, typer.Option("--cores", metavar="N", min=1, help="Cores of each of these jobs (default: -j N, or 8).")
]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Stop at the first input that fails.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and do nothing.")]
EachAsJson = Annotated[bool, typer.Option("--json", help="Print a line of JSON for each input, and a summary.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="A line for each input, and for what is left out.")]


@dataclass(frozen=True)
class Course:
    """How a command goes over its inputs: its options of runs, its own `options` by name, its verb
    among them, and its command line."""

    include: Include = None
    exclude: Exclude = None
    name: Name = None
    jobs: Jobs = AUTO
    overwrite: Overwrite = False
    skip_existing: SkipExisting = False
    resume: Resume = False
    update: Update = False
    shard: Part = None
    engine: Engine = "local"
    address: Address = None
    shards: Shards = None
    partition: Partition = None
    minutes: Minutes = None
    cores: Cores = None
    fail_fast: FailFast = False
    dry_run: DryRun = False
    as_json: EachAsJson = False
    verbose: Verbose = False
    quiet: Quiet = False
    options: Mapping[str, Any] = field(default_factory=dict)
    line: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.overwrite and self.skip_existing:
            raise UsageError("--overwrite and --skip-existing exclude each other; use only one.")
        if self.engine not in ENGINES:
            raise UsageError(f"--engine must be {', '.join(ENGINES)}, not {self.engine!r:.40}.")
        for engine, options in ENGINES.items():
            for name in options:
                if engine != self.engine and getattr(self, name) is not None:
                    raise UsageError(f"--{name} needs --engine {engine}; add it, or leave --{name} out.")
        if self.engine == "slurm" and (self.shards is None or self.shard is not None):
            raise UsageError("--engine slurm needs --shards N, the number of jobs, and no --shard.")

    @property
    def planned(self) -> dict[str, Any]:
        """What `vecstack.batch.plan.plan` is asked for. Raises UsageError."""
        wanted = Wanted(tuple(self.include or ()), tuple(self.exclude or ()))
        return {"wanted": wanted, "naming": Naming(self.name, self.options), "shard": self.part}

    @property
    def part(self) -> Shard | None:
        """The part of the inputs that is asked for. Raises UsageError."""
        return None if self.shard is None else parse_shard(self.shard)

    @property
    def told(self) -> dict[str, Any]:
        """The options that outputs depend on, by name."""
        return {name: value for name, value in self.options.items() if name not in UNTOLD}

    def processes(self) -> int | None:
        """The number of processes that is asked for; None where it is left open. Raises UsageError."""
        if self.jobs == AUTO:
            return None
        if not self.jobs.isdecimal() or not 1 <= int(self.jobs) <= MAX_PROCESSES:
            raise UsageError(f"--jobs must be auto or a number from 1 to {MAX_PROCESSES}, not {self.jobs!r:.40}.")
        return int(self.jobs)


def with_course(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose parameter `course` is a Course, with the options of one in its place. One with a parameter
    `context` gets that of typer."""
    hints = typing.get_type_hints(command, include_extras=True)
    shared = typing.get_type_hints(Course, include_extras=True)
    own = [entry for entry in dataclasses.fields(Course) if entry.name not in UNASKED]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    asked = inspect.signature(command).parameters
    parameters = [inspect.Parameter("context", kind, annotation=typer.Context)]
    for name, parameter in asked.items():
        if name == "course":
            parameters += [inspect.Parameter(e.name, kind, default=e.default, annotation=shared[e.name]) for e in own]
        elif name != "context":
            parameters.append(parameter.replace(annotation=hints[name]))

    def run(context: typer.Context, **values: Any) -> None:
        shared = {entry.name: values.pop(entry.name) for entry in own}
        line = tuple(context.find_root().obj or ())
        course = Course(**shared, options={"verb": context.info_name, **values}, line=line)
        command(**({"context": context} if "context" in asked else {}), **values, course=course)

    # What typer reads of a command.
    run.__name__, run.__doc__, run.__module__ = command.__name__, command.__doc__, command.__module__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
