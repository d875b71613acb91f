"""Inputs and outputs of commands that take several: which output each input gets, and a run over all of them that
continues after a failure."""

from __future__ import annotations

import math
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import typer

from vecstack.atomic import check_folder, check_writable
from vecstack.cli.flags import in_flags, on_one_line
from vecstack.cli.inputs import STANDARD, Found, search, suffix_of
from vecstack.compiled import tell_of_first_use
from vecstack.document.file import SUFFIXES
from vecstack.errors import BatchError, DeviceError, ExportError, TooLargeError, UsageError, VecstackError

if TYPE_CHECKING:
    from vecstack.pictures.read import Picture

MAX_ENDINGS = 6  # of files that are left out, in one line


@dataclass(frozen=True)
class Item:
    """An input file ("-" is standard input) and its output ("-" is standard output), with `others` that are written
    beside it. Where `in_folder`, the output's folder is created when needed; where `is_folder`, the output is itself a
    folder. `place` is where the input lies in the folder that was searched for it, "" where none was."""

    source: str
    target: str
    in_folder: bool = False
    is_folder: bool = False
    place: str = ""
    others: tuple[str, ...] = ()

    def missing(self, skip_existing: bool) -> list[str]:
        """The outputs that are to be made: where existing ones are skipped, those that are not there."""
        every = (self.target, *self.others)
        return [path for path in every if not (skip_existing and os.path.exists(path))]  # noqa: PTH110


@dataclass(frozen=True)
class Batch:
    """What a command is to do: its items, messages about what cannot be read beside them, and notes for the user, of
    which those of `details` are for who asks for them."""

    items: list[Item]
    missed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


def plan(
    inputs: Sequence[str],
    output: str | None,
    input_suffixes: set[str],
    output_suffix: str,
    *,
    makes_folders: bool = False,
) -> Batch:
    """What to do with inputs (files, folders, globs, "-", "@list.txt") and an output.

    `output` is a file for a single named input, else a folder (created when needed; the tree of an input folder is
    kept); None puts each output beside its input. Where `makes_folders`, each output is a folder, and so is `output`
    for a single input. Inputs that differ only in their endings keep them in the names of their outputs. Raises
    UsageError; PictureError for folders that cannot be listed, where nothing else is there; ExportError for an output
    that is an input, that two inputs share, or that a command would not write."""
    found = search(inputs, input_suffixes)
    items, notes = _items(found.files, output, output_suffix, makes_folders)
    _refuse_clashes(items, input_suffixes)
    if output_suffix == ".layers":
        from vecstack.document.file import check_suffix

        for item in items:
            if item.target != STANDARD:
                check_suffix(item.target)
    unread = _counted(found.unread, "pictures of a format that is not read")
    return Batch(items, tuple(found.missed), (*notes, *unread), _counted(found.others, "other files"))


def _items(
    found: Sequence[Found], output: str | None, suffix: str, makes_folders: bool
) -> tuple[list[Item], tuple[str, ...]]:
    """The items of inputs, and notes about their names. Raises UsageError, ExportError."""
    single = len(found) == 1 and found[0].named
    if output == "":
        raise UsageError("-o is empty; name a file or a folder.")
    if output == STANDARD and not single:
        raise UsageError(f"{len(found)} inputs cannot all go to standard output; name a folder with -o.")
    if output is None and single and found[0].path == STANDARD:
        output = STANDARD
    if output is not None and single and (makes_folders or not _is_folder(output)):
        return [Item(found[0].path, output, is_folder=makes_folders)], ()
    if output is not None and os.path.isfile(output):  # noqa: PTH113
        raise ExportError(f"{output} is a file, but several inputs need a folder; name one with -o.")
    targets, whole = _targets(found, output, suffix)
    items = []
    for entry, target in zip(found, targets, strict=True):
        place = "" if entry.folder is None else str(Path(entry.path).relative_to(entry.folder).parent)
        items.append(Item(entry.path, str(target), output is not None, makes_folders, place))
    notes = (
        (f"outputs that would have one name keep the endings of their inputs, such as {whole[0].name}",)
        if whole
        else ()
    )
    return items, notes


def _targets(found: Sequence[Found], output: str | None, suffix: str) -> tuple[list[Path], list[Path]]:
    """The output of each input, named without the input's ending; but with it where that name is another's, too, or
    where a file of that name is there already, from a run in which it was. Also those that another's name changed."""
    full = [_target(entry, output, suffix, is_whole=True) for entry in found]
    targets = [
        whole if os.path.lexists(whole) else _target(entry, output, suffix)
        for entry, whole in zip(found, full, strict=True)
    ]
    changed: list[Path] = []
    while True:
        count = Counter(targets)
        clashing = [at for at, target in enumerate(targets) if count[target] > 1 and target != full[at]]
        if not clashing:
            return targets, changed
        for at in clashing:
            targets[at] = full[at]
            changed.append(full[at])


def _counted(paths: Sequence[str], what: str) -> tuple[str, ...]:
    """How many files were left out, with their endings, in a line; no line where there are none."""
    if not paths:
        return ()
    endings = Counter(suffix_of(Path(path)) or "without ending" for path in paths)
    named = ", ".join(f"{count} {ending}" for ending, count in endings.most_common(MAX_ENDINGS))
    return (f"left out {what}: {named}{', ...' if len(endings) > MAX_ENDINGS else ''}",)


def _target(entry: Found, output: str | None, suffix: str, *, is_whole: bool = False) -> Path:
    """The path of an input's output, beside the input or in the folder `output`: named as the input without its
    suffix, or as the whole of it."""
    path = Path("picture" if entry.path == STANDARD else entry.path)
    renamed = path.with_name((path.name if is_whole else stem(path)) + suffix)
    if output is None:
        return renamed
    return Path(output) / (renamed.relative_to(entry.folder) if entry.folder else renamed.name)


def _is_folder(text: str) -> bool:
    return text.endswith(("/", "\\")) or os.path.isdir(text)  # noqa: PTH112


def stem(path: Path) -> str:
    """The name without its suffix, which is .layers.json for photo.layers.json."""
    name = path.name.removesuffix(".json") if path.name.endswith(".layers.json") else path.name
    return Path(name).stem or name


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
    shared = [(Path(target).name, sources) for target, sources in targets.items() if len(sources) > 1]
    if shared:
        name, clashing = shared[0]
        more = f", the first of {len(shared)} such names" if len(shared) > 1 else ""
        raise ExportError(f"{' and '.join(clashing)} would become {name}{more}; rename one, or run them separately.")


def _why_not_over_input(item: Item, suffixes: set[str]) -> str:
    """Why an item's output, which is an input, is refused: most often the input is of the wrong kind."""
    suffix = suffix_of(Path(item.source))
    if suffix not in suffixes and os.path.realpath(item.source) == os.path.realpath(item.target):
        if suffix in SUFFIXES:
            return f"{item.source} is a layer file, not a picture; draw it with `vecstack render`."
        return f"{item.source} is not a layer file; turn a picture into one with `vecstack decompose`."
    return f"{item.target} is an input, and inputs are never overwritten; choose another output with -o."


def name_of(source: str) -> str:
    """What messages call an input."""
    return "standard input" if source == STANDARD else on_one_line(source)


def title_of(source: str) -> str:
    """The title of an input in what is made of it: its name without suffix, "" for standard input. What is no text in
    it is replaced."""
    return "" if source == STANDARD else os.fsencode(stem(Path(source))).decode("utf-8", "replace")


def source_of(path: str) -> str | BinaryIO:
    """What to read an input from: standard input for "-", else the path. Raises UsageError without standard input."""
    return standard_input() if path == STANDARD else path


def picture_in(path: str, megapixels: float | None, *, fitted: bool = False) -> Picture:
    """The picture in an input, or in a file, of at most so many megapixels (None: pictures.read.MAX_PIXELS); where
    layers are fitted to it, reduced to what they need. Raises PictureError, which names the option that raises the
    limit."""
    from vecstack.pictures.read import FITTED_PIXELS, MAX_PIXELS, load_picture

    if megapixels is not None and not 0 < megapixels < math.inf:
        raise UsageError(f"--max-pixels must be above 0, not {megapixels:g}.")
    try:
        most = MAX_PIXELS if megapixels is None else round(megapixels * 1e6)
        return load_picture(source_of(path), max_pixels=most, enough_pixels=FITTED_PIXELS if fitted else None)
    except TooLargeError as error:
        raise TooLargeError(str(error).rstrip(".") + ", or raise --max-pixels.") from error


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
    batch: Batch,
    act: Callable[[Item, ItemProgress], None],
    *,
    overwrite: bool,
    skip_existing: bool,
    quiet: bool,
    verb: str,
    verbose: bool = False,
) -> None:
    """Act on each item of a batch, with a progress bar on a terminal. The error of a single item is raised, and so are
    errors that would be the same for all items (UsageError, DeviceError). Any other error among several items is
    printed as one line on standard error, the remaining items are done, and BatchError is raised at the end; also where
    there is more that cannot be read."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    if overwrite and skip_existing:
        raise UsageError("--overwrite and --skip-existing exclude each other; use only one.")
    for line in () if quiet else (*batch.notes, *(batch.details if verbose else ())):
        typer.echo(f"vecstack: {on_one_line(line)}", err=True)
    for line in batch.missed:
        typer.echo(f"vecstack: {on_one_line(line)}", err=True)
    todo = [item for item in batch.items if item.missing(skip_existing)]
    if not quiet:
        tell_of_first_use(partial(typer.echo, err=True))
    failures = len(batch.missed)
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
                if len(batch.items) == 1 and not batch.missed:
                    raise
                failures += 1
                typer.echo(f"vecstack: {in_flags(error)}", err=True)
            report(1, 1)
    if failures:
        raise BatchError(f"{failures} of {len(todo) + len(batch.missed)} inputs failed; see the lines above.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder}: cannot be created ({error.strerror}); choose another -o.") from error
