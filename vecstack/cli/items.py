"""Inputs and outputs of commands that take several: which output each input gets, and a run over all of them that
continues after a failure."""

from __future__ import annotations

import glob
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import typer

from vecstack.atomic import check_folder, check_writable
from vecstack.cli.flags import in_flags
from vecstack.compiled import tell_of_first_use
from vecstack.document.file import SUFFIXES
from vecstack.errors import BatchError, DeviceError, ExportError, PictureError, UsageError, VecstackError

STANDARD = "-"  # standard input or output

# Functions of os.path rather than methods of Path: they return False where Path raises, for names that are too long,
# loops of links and folders without permission. What is wrong with such a path is reported when it is opened.


@dataclass(frozen=True)
class Item:
    """An input file ("-" is standard input) and its output ("-" is standard output), with `others` that are written
    beside it. Where `in_folder`, the output's folder is created when needed; where `is_folder`, the output is itself a
    folder."""

    source: str
    target: str
    in_folder: bool = False
    is_folder: bool = False
    others: tuple[str, ...] = ()

    def missing(self, skip_existing: bool) -> list[str]:
        """The outputs that are to be made: where existing ones are skipped, those that are not there."""
        every = (self.target, *self.others)
        return [path for path in every if not (skip_existing and os.path.exists(path))]  # noqa: PTH110


@dataclass(frozen=True)
class Found:
    """An input file ("-" is standard input), the folder that was searched for it (None if none was), and whether the
    user named the file itself rather than a folder, a glob or a list."""

    path: str
    folder: Path | None = None
    named: bool = True


def plan(
    inputs: Sequence[str],
    output: str | None,
    input_suffixes: set[str],
    output_suffix: str,
    *,
    makes_folders: bool = False,
) -> list[Item]:
    """The items of inputs (files, folders, globs, "-", "@list.txt") and an output.

    `output` is a file for a single named input, else a folder (created when needed; the tree of an input folder is
    kept); None puts each output beside its input. Where `makes_folders`, each output is a folder, and so is `output`
    for a single input. Raises UsageError; PictureError for a folder that cannot be listed; ExportError for an output
    that is an input, that two inputs share, or that a command would not write."""
    found = expand(inputs, input_suffixes)
    single = len(found) == 1 and found[0].named
    if output == "":
        raise UsageError("-o is empty; name a file or a folder.")
    if output == STANDARD and not single:
        raise UsageError(f"{len(found)} inputs cannot all go to standard output; name a folder with -o.")
    if output is None and single and found[0].path == STANDARD:
        output = STANDARD
    if output is not None and single and (makes_folders or not _is_folder(output)):
        items = [Item(found[0].path, output, is_folder=makes_folders)]
    elif output is not None and os.path.isfile(output):  # noqa: PTH113
        raise ExportError(f"{output} is a file, but several inputs need a folder; name one with -o.")
    else:
        targets = [str(_target(entry, output, output_suffix)) for entry in found]
        items = [
            Item(entry.path, target, output is not None, makes_folders)
            for entry, target in zip(found, targets, strict=True)
        ]
    _refuse_clashes(items, input_suffixes)
    if output_suffix == ".layers":
        from vecstack.document.file import check_suffix

        for item in items:
            if item.target != STANDARD:
                check_suffix(item.target)
    return items


def _target(entry: Found, output: str | None, suffix: str) -> Path:
    """The path of an input's output: beside the input, or in the folder `output`."""
    path = Path("picture" if entry.path == STANDARD else entry.path)
    renamed = path.with_name(stem(path) + suffix)
    if output is None:
        return renamed
    return Path(output) / (renamed.relative_to(entry.folder) if entry.folder else renamed.name)


def _is_folder(text: str) -> bool:
    return text.endswith(("/", "\\")) or os.path.isdir(text)  # noqa: PTH112


def stem(path: Path) -> str:
    """The name without its suffix, which is .layers.json for photo.layers.json."""
    name = path.name.removesuffix(".json") if path.name.endswith(".layers.json") else path.name
    return Path(name).stem or name


def expand(inputs: Sequence[str], suffixes: set[str]) -> list[Found]:
    """The files that the inputs stand for, each once, in order. Raises UsageError where there are none, and for text
    that cannot be a file name; PictureError for a folder that cannot be listed."""
    found = list(dict.fromkeys(entry for text in inputs for entry in _expand(text, suffixes)))
    if not found:
        raise UsageError(f"no inputs in {', '.join(inputs)}; looked for {', '.join(sorted(suffixes))}.")
    for entry in found:
        if not Path(entry.path).name or "\0" in entry.path:
            raise UsageError(f"{entry.path!r} is not a file name; use files, folders, globs, - or @list.txt.")
    return found


def _expand(text: str, suffixes: set[str]) -> list[Found]:
    if text.startswith("@"):
        try:
            lines = Path(text[1:]).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            raise UsageError(f"{text[1:]}: cannot be read as a list of files ({reason}); check the name.") from error
        return [Found(line.strip(), named=False) for line in lines if line.strip()]
    if text and os.path.isdir(text):  # noqa: PTH112
        return _files_in(Path(text), suffixes)
    if glob.has_magic(text) and not os.path.exists(text):  # noqa: PTH110
        names = sorted(glob.glob(text, recursive=True))  # noqa: PTH207
        folders = {name for name in names if os.path.isdir(name)}  # noqa: PTH112
        inside = [entry for name in folders for entry in _files_in(Path(name), suffixes)]
        return inside + [Found(name, named=False) for name in names if name not in folders]
    return [Found(text)]


def _files_in(folder: Path, suffixes: set[str]) -> list[Found]:
    """Files in and below a folder that have one of the suffixes, without hidden ones (some systems keep icons so)."""
    try:
        files = sorted(path for path in folder.rglob("*") if _suffix(path) in suffixes and path.is_file())
    except OSError as error:
        raise PictureError(
            f"{folder}: cannot be listed ({error.strerror}); choose a folder that you may read."
        ) from error
    hidden = {path for path in files if any(part.startswith(".") for part in path.relative_to(folder).parts)}
    return [Found(str(path), folder, named=False) for path in files if path not in hidden]


def _suffix(path: Path) -> str:
    name = path.name.lower()
    return ".layers.json" if name.endswith(".layers.json") else path.suffix.lower()


def _refuse_clashes(items: list[Item], suffixes: set[str]) -> None:
    """Raise ExportError where an output is an input or another output. `suffixes` are those of the command's inputs."""
    sources = {os.path.realpath(item.source) for item in items if item.source != STANDARD}
    targets: dict[str, list[str]] = defaultdict(list)
    for item in items:
        if item.target == STANDARD:
            continue
        target = os.path.realpath(item.target)
        if target in sources:
            raise ExportError(_why_not_over_input(item, suffixes))
        targets[target].append(item.source)
    for target, clashing in targets.items():
        if len(clashing) > 1:
            name = Path(target).name
            raise ExportError(f"{' and '.join(clashing)} would both become {name}; rename one, or run them separately.")


def _why_not_over_input(item: Item, suffixes: set[str]) -> str:
    """Why an item's output, which is an input, is refused: most often the input is of the wrong kind."""
    suffix = _suffix(Path(item.source))
    if suffix not in suffixes and os.path.realpath(item.source) == os.path.realpath(item.target):
        if suffix in SUFFIXES:
            return f"{item.source} is a layer file, not a picture; draw it with `vecstack render`."
        return f"{item.source} is not a layer file; turn a picture into one with `vecstack decompose`."
    return f"{item.target} is an input, and inputs are never overwritten; choose another output with -o."


def name_of(source: str) -> str:
    """What messages call an input."""
    return "standard input" if source == STANDARD else source


def source_of(path: str) -> str | BinaryIO:
    """What to read an input from: standard input for "-", else the path. Raises UsageError without standard input."""
    return standard_input() if path == STANDARD else path


def standard_input() -> BinaryIO:
    """Standard input as a binary stream. Raises UsageError where the program was started without it."""
    if sys.stdin is None:
        raise UsageError("there is no standard input; name a file instead of -.")
    return sys.stdin.buffer


def write_standard_output(data: bytes) -> None:
    """Write bytes to standard output, and flush it. Raises ExportError."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise ExportError(f"standard output: {error.strerror}.") from error


class ItemProgress(Protocol):
    """Called with how much of an item is done, out of how much, and a note to show."""

    def __call__(self, done: float, total: float, note: str = "") -> None: ...


def run_all(
    items: Sequence[Item],
    act: Callable[[Item, ItemProgress], None],
    *,
    overwrite: bool,
    skip_existing: bool,
    quiet: bool,
    verb: str,
) -> None:
    """Act on each item, with a progress bar on a terminal. The error of a single item is raised, and so are errors that
    would be the same for all items (UsageError, DeviceError). Any other error among several items is printed as one
    line on standard error, the remaining items are done, and BatchError is raised at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    if overwrite and skip_existing:
        raise UsageError("--overwrite and --skip-existing exclude each other; use only one.")
    todo = [item for item in items if item.missing(skip_existing)]
    if not quiet:
        tell_of_first_use(partial(typer.echo, err=True))
    failures = 0
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    hidden = quiet or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=hidden, transient=True) as progress:
        task = progress.add_task(verb, total=len(todo))
        for index, item in enumerate(todo):
            title = f"{verb} {Path(item.source).name}"

            def report(done: float, total: float, note: str = "", *, at: int = index, title: str = title) -> None:
                progress.update(task, completed=at + done / total, description=f"{title} {note}")

            progress.update(task, description=title)
            try:
                if item.in_folder:
                    _make_folder(Path(item.target).parent)
                if item.target != STANDARD and not item.is_folder:
                    for path in item.missing(skip_existing):
                        check_writable(path, overwrite=overwrite)
                if item.is_folder:
                    check_folder(item.target, overwrite=overwrite)
                act(item, report)
            except (UsageError, DeviceError):
                raise
            except VecstackError as error:
                if len(items) == 1:
                    raise
                failures += 1
                typer.echo(f"vecstack: {in_flags(error)}", err=True)
            report(1, 1)
    if failures:
        raise BatchError(f"{failures} of {len(todo)} inputs failed; see the lines above.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder}: cannot be created ({error.strerror}); choose another -o.") from error
