"""How an item is worked on by any process, and what became of it."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vecstack.atomic import check_folder, check_writable
from vecstack.batch.digests import digest, digest_if_any, size_of
from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Act, Item, Job, Outcome, Report
from vecstack.batch.places import exists, fetched, is_file, is_folder, is_url, place, put
from vecstack.errors import DeviceError, ExportError, OutputExistsError, PictureError, UsageError, VecstackError


def attempt(job: Job, act: Act, item: Item, report: Report) -> Outcome:
    """Work on an item, and say what became of it: an error is a part of the answer, and nothing is raised for it."""
    began = time.monotonic()
    known: dict[str, Any] = {}  # what is to be told of it, as far as it came
    error: VecstackError | None = None
    cause: Exception | None = None
    try:
        with at_hand(item, report) as near:
            known["sources"] = _digests(job, near) if near.is_recorded else ()
            perform(act, near, report)
            made = [path for path in near.outputs if path != STANDARD and near.is_recorded]
            known["made"] = tuple(map(digest_if_any, made))
            known["size"] = sum(size_of(path) for path in near.outputs if path != STANDARD)
    except VecstackError as wrong:
        error = cause = wrong
    except Exception as fault:  # of the program, which costs an item and not the run
        reason, cause = str(fault).split("\n")[0], fault
        error = VecstackError(f"{item.source}: internal error: {type(fault).__name__}: {reason}; report it.")
    if error is not None:
        known = {"sources": known.get("sources", ())}
    return Outcome(
        item,
        "done" if error is None else "failed",
        error,
        "" if cause is None else type(cause).__name__,
        tuple(report.lines),
        time.monotonic() - began,
        report.psnr,
        is_fatal=isinstance(error, UsageError | DeviceError),
        **known,
    )


def perform(act: Act, item: Item, report: Report) -> None:
    """Work on an item after its outputs were found writable. Raises what the job raises, PictureError, ExportError."""
    if os.path.islink(item.source) and not os.path.exists(item.source):  # noqa: PTH110, PTH114 - loops of links too
        raise PictureError(f"{item.source}: a link to what is not there; mend or remove it.")
    if item.in_folder and not is_url(item.target):
        _make_folder(Path(item.target).parent)
    if item.is_folder:
        check_folder(item.target, overwrite=item.overwrite)
    elif item.target != STANDARD:
        for path in item.missing:
            check_writable(path, overwrite=item.overwrite)
    act(item, report)


def sources_of(job: Job, item: Item) -> tuple[str, ...]:
    """The sha256 of an item's input, and of the files that the job uses beside it. Raises VecstackError."""
    return tuple(digest(path) for path in (item.source, *job.uses(item)) if path != STANDARD)


def _digests(job: Job, item: Item) -> tuple[str, ...]:
    """The sha256 of what an item is made of; none where it can be read only once, such as a pipe, or not at all, which
    its reader says better."""
    try:
        return sources_of(job, item) if is_file(item.source) or is_folder(item.source) else ()
    except VecstackError:
        return ()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder}: cannot be created ({error.strerror}); choose another -o.") from error


@contextmanager
def at_hand(item: Item, report: Report) -> Iterator[Item]:
    """The item with its files on this machine: what lies in a store is fetched, and what is made within the block for a
    store is put there when it ends. Messages have the names that the user gave. Raises PictureError, ExportError, and
    what the block raises."""
    remote = [path for path in item.missing if is_url(path)]
    if not remote and not is_url(item.source):
        yield item
        return
    for path in () if item.overwrite or item.may_stand else filter(exists, remote):
        raise _taken(path)
    with fetched(item.source) as source, TemporaryDirectory(prefix="vecstack-") as folder:
        near = {path: str(Path(folder, place(path).name)) for path in remote}
        pairs = [(item.source, source), *near.items()]
        report.called = {str(Path(path).parent): name.rpartition("/")[0] for name, path in pairs if is_url(name)}
        try:
            yield dataclasses.replace(
                item,
                source=source,
                target=near.get(item.target, item.target),
                others=tuple(near.get(path, path) for path in item.others),
            )
        except VecstackError as error:
            raise type(error)(report.named(str(error)), parameter=error.parameter) from error
        for path, made in near.items():
            _put(made, path, item)


def _put(made: str, path: str, item: Item) -> None:
    """Put what was made for an item into its place in a store. Raises ExportError."""
    try:
        put(made, path, overwrite=item.overwrite)
    except FileExistsError:
        if not item.may_stand or digest_if_any(path) != digest(made):
            raise _taken(path) from None


def _taken(path: str) -> OutputExistsError:
    return OutputExistsError(f"{path} exists; use `overwrite=True` to replace it, or choose another name.")
