"""A run over all inputs of a command, which continues after a failure."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

import typer

from vecstack.batch.digests import digest, fingerprint
from vecstack.batch.engine import choose_processes, kill_processes, work_here, work_in_processes
from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Item, Job, Outcome
from vecstack.batch.manifest import Manifest, key_of, latest, line_of, manifests_in, read_manifests, record_of
from vecstack.batch.places import exists, is_file, listed
from vecstack.batch.plan import Batch
from vecstack.batch.runs import Run, running
from vecstack.batch.state import Policy, State
from vecstack.cli.course import Course
from vecstack.cli.display import Counts, Display, display_of
from vecstack.cli.flags import in_flags
from vecstack.cli.submitting import submit
from vecstack.compiled import NOTE, is_kept, tell_of_first_use
from vecstack.errors import BatchError, OutputExistsError, UsageError, WeightsError, on_one_line

INTERRUPTED = 130  # exit code that shells give a program ended by Ctrl-C


def run_all(batch: Batch, job: Job, course: Course, verb: str) -> None:
    """Do a job with each item of a batch, and tell how far it is. The error of a single item is raised, and so are
    errors that would be the same for all items. Any other error among several items is printed as one line on standard
    error, the remaining items are done, and BatchError is raised at the end; also where there is more that cannot be
    read. Where several outputs go into a folder, what becomes of each is a line of its manifest."""
    if course.as_json and any(item.target == STANDARD for item in batch.items):
        raise UsageError("--json prints to standard output, where the output goes too; name a file with -o.")
    if course.engine != "local" and any(STANDARD in (item.source, item.target) for item in batch.items):
        raise UsageError(f"--engine {course.engine} works elsewhere, where there is no -; name files.")
    for line in () if course.quiet else (*batch.notes, *(batch.details if course.verbose else ())):
        typer.echo(f"vecstack: {on_one_line(line)}", err=True)
    for line in batch.missed:
        typer.echo(f"vecstack: {on_one_line(line)}", err=True)
    if not course.quiet:
        tell_of_first_use(partial(typer.echo, err=True))
    items = [dataclasses.replace(item, is_told=course.as_json) for item in batch.items]
    batch = dataclasses.replace(batch, items=items, folder=batch.folder if _is_recorded(batch, course) else None)
    if course.dry_run:
        _print_plan(batch, job, course)
    elif course.engine == "slurm":
        submit(batch, job, course)
    else:
        _Running(batch, job, course, verb).run()


class _Running:
    """One run."""

    def __init__(self, batch: Batch, job: Job, course: Course, verb: str) -> None:
        self.batch, self.job, self.course = batch, job, course
        self.is_single = len(batch.items) == 1 and not batch.missed and course.shard is None
        self.processes = _processes(batch, job, course)
        self.counts = Counts(len(batch.items), failed=len(batch.missed))
        self.refused = 0  # items whose outputs exist
        self.display: Display = display_of(verb, self.counts, course.quiet, course.verbose, self.is_single)

    def run(self) -> None:
        """Work on all items. Raises what is wrong for all items, the error of a single item, BatchError, and
        KeyboardInterrupt after what was done is told."""
        with running(self.batch.folder) as run, self.display, _stopping(run, self.batch, self.is_single):
            try:
                self._work(run)
            except KeyboardInterrupt:
                self.display.close()
                self._tell_of_refused()
                self._tell_how_to_go_on()
                raise
        self._sum_up()

    def _work(self, run: Run) -> None:
        state = _state(self.batch, self.course, run.unsettled)
        manifest = None if self.batch.folder is None else Manifest(self.batch.folder, self.course.part)
        self.display.start(self.processes)
        if self.processes > 1 and not is_kept():
            self.display.said(NOTE)
        closed = nullcontext() if manifest is None else closing(manifest)
        with closed, closing(self._outcomes(run, state)) as outcomes:
            for outcome in outcomes:
                if outcome.error is not None and (outcome.is_fatal or self.is_single):
                    run.settle(outcome.item.outputs)
                    raise outcome.error
                self._note(outcome, manifest, state.options)
                if outcome.is_settled:
                    run.settle(outcome.item.outputs)
                if outcome.error is not None and self.course.fail_fast:
                    break

    def _outcomes(self, run: Run, state: State) -> Generator[Outcome, None, None]:
        """What becomes of each item that is not skipped."""
        items = self._to_do(run, state)
        if self.course.engine == "ray":
            from vecstack.batch.actors import work_on_ray

            most, processes, address = len(self.batch.items), self.course.processes(), self.course.address
            yield from work_on_ray(items, self.job, run, self.display, most, processes=processes, address=address)
        elif self.processes == 1:
            yield from work_here(items, self.job, run, self.display)
        else:
            yield from work_in_processes(items, self.job, run, self.display, self.processes, one_first=not is_kept())

    def _to_do(self, run: Run, state: State) -> Iterator[Item]:
        for item in self.batch.items:
            settled = state.settled(item, self.job)
            if not settled.missing:
                run.settle(settled.outputs)
                self._skip(settled)
                continue
            run.begin(path for path in settled.missing if settled.overwrite or not state.is_there(path))
            yield settled

    def _skip(self, item: Item) -> None:
        self.counts.skipped += 1
        self.display.ended(Outcome(item, "skipped"))
        if self.course.as_json:
            typer.echo(json.dumps({"input": item.source, "output": item.target, "status": "skipped"}))

    def _note(self, outcome: Outcome, manifest: Manifest | None, options: str) -> None:
        """Count what became of an item, tell it, and add it to the manifest."""
        from vecstack import __version__

        message = "" if outcome.error is None else in_flags(outcome.error)
        self.counts.add(outcome)
        for line in outcome.lines:
            self.display.said(line)
        self.display.ended(outcome)
        record = record_of(outcome, message, self.batch.folder, options, __version__)
        if manifest is not None:
            manifest.add(record)
        if self.course.as_json:
            typer.echo(line_of(record))
        is_refused = isinstance(outcome.error, OutputExistsError)
        self.refused += is_refused
        if message and (self.course.verbose or not is_refused):
            typer.echo(f"vecstack: {message}", err=True)

    def _tell_of_refused(self) -> None:
        """Say in one line how many inputs have outputs that exist, and which options are for that."""
        if not self.refused:
            return
        todo, has_manifest = self._todo(), self.batch.folder is not None
        amount = f"all {todo}" if self.refused == todo else f"{self.refused} of {todo}"
        leaving = "--resume or --skip-existing" if has_manifest and not self.course.resume else "--skip-existing"
        names = "" if self.course.verbose else " (-v names them)"
        line = f"outputs of {amount} inputs exist{names}; use {leaving} to leave them, or --overwrite to replace them."
        typer.echo(f"vecstack: {line}", err=True)

    def _todo(self) -> int:
        """How many inputs were to be worked on, with those that cannot be read."""
        return self.counts.total - self.counts.skipped + len(self.batch.missed)

    def _tell_how_to_go_on(self) -> None:
        if self.is_single or not self.course.line:
            return
        option = "--resume" if self.batch.folder else "--skip-existing"  # without a manifest
        words = [word for word in self.course.line if word not in ("--overwrite", option)]
        again = shlex.join(["vecstack", *words, option])
        typer.echo(f"vecstack: {self.counts}; go on with: {on_one_line(again)}", err=True)

    def _sum_up(self) -> None:
        counts = self.counts
        self._tell_of_refused()
        if self.course.as_json:
            typer.echo(json.dumps({"summary": counts.values()}))
        if counts.failed:
            raise BatchError(f"{counts.failed} of {self._todo()} inputs failed; see the lines above ({counts}).")
        if not self.course.quiet and not self.is_single:
            typer.echo(f"vecstack: {counts}", err=True)


def _is_recorded(batch: Batch, course: Course) -> bool:
    """Whether what becomes of items is a line of a manifest."""
    if batch.folder is None:
        return False
    return len(batch.items) > 1 or course.shard is not None or bool(manifests_in(batch.folder))


def _processes(batch: Batch, job: Job, course: Course) -> int:
    """The number of processes of a run on this machine: this one, or workers."""
    if course.engine != "local":
        return 1
    asked, count = course.processes(), max(1, len(batch.items))
    return min(count, choose_processes(count, len(job.devices)) if asked is None else asked)


def _state(batch: Batch, course: Course, unsettled: frozenset[str]) -> State:
    """What is known of the outputs of a batch, of which runs before left some unsettled."""
    folder = batch.folder
    policy = Policy(course.overwrite, course.resume, course.skip_existing, course.update)
    if folder is None:
        return State(policy, options=_options(course) if course.as_json else "")
    known = policy.looks and manifests_in(folder)
    ours = None if course.shard is None else {key_of(item, folder) for item in batch.items}
    records = latest(read_manifests(folder), ours) if known else {}
    return State(policy, folder, records, unsettled, _options(course), listed(str(folder)))


def _options(course: Course) -> str:
    """The sha256 of all that outputs depend on beside their inputs: options, the files that they name, and weights."""
    told = course.told
    return fingerprint(
        {**told, **(_weights(str(told["model"]), is_fetched=not course.dry_run) if "model" in told else {})}
    )


def _weights(model: str, *, is_fetched: bool) -> dict[str, str | None]:
    """The sha256 of the shipped weights, any of which `auto` may take, and of those in a folder or a repository that is
    named as the model: of the cache alone unless they may be fetched. Raises WeightsError."""
    from vecstack.hub.download import MODEL_FILE, cached_weights, fetch_weights
    from vecstack.hub.names import is_repository
    from vecstack.models import published_models

    known = {f"weights {shipped.name}": shipped.sha256 for shipped in published_models()}
    if is_repository(model):
        with nullcontext() if is_fetched else suppress(WeightsError):
            known[model] = digest(fetch_weights(model) if is_fetched else cached_weights(model))
    elif is_file(inside := str(Path(model, MODEL_FILE))):
        known[model] = digest(inside)
    return known


@contextmanager
def _stopping(run: Run, batch: Batch, is_single: bool) -> Iterator[None]:
    """Within the block, the first signal to stop is a KeyboardInterrupt, and the second ends the program at once. A run
    over a single item, or in another thread, is left as it is."""
    if is_single or threading.current_thread() is not threading.main_thread():
        yield
        return
    heard: list[int] = []

    def stop(number: int, _: Any) -> None:
        heard.append(number)
        if len(heard) > 1:
            kill_processes()
            run.clear(item.target for item in batch.items)
            os._exit(INTERRUPTED)
        raise KeyboardInterrupt

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before: dict[int, Any] = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        if before[number] != signal.SIG_IGN:  # nohup ignores SIGHUP
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, before[number])


def _print_plan(batch: Batch, job: Job, course: Course) -> None:
    """Print what would be done with each item."""
    state = _state(batch, course, frozenset())
    rows = []
    for item in batch.items:
        settled = state.settled(item, job)
        rows.append((_what_becomes(settled, state.is_there), item.source, item.target))
    if course.as_json:
        for action, source, target in rows:
            typer.echo(json.dumps({"action": action, "input": source, "output": target}))
        return
    width = max((len(on_one_line(source)) for _, source, _ in rows), default=0)
    for action, source, target in rows:
        typer.echo(f"{action:<8} {on_one_line(source):<{width}}  {on_one_line(target)}")


def _what_becomes(item: Item, is_there: Callable[[str], bool]) -> str:
    """What would be done with an item: "make", "replace" or "skip" it, or "refuse" it since an output is there; it is
    "missing" where there is no such input."""
    if item.source != STANDARD and not exists(item.source):
        return "missing"
    if not item.missing:
        return "skip"
    if not any(map(is_there, item.missing)):
        return "make"
    return "replace" if item.overwrite else "refuse"
