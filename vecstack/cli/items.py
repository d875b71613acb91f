"""Inputs and outputs of commands that take several: what each input becomes, and a run over all of them that
goes on after a failure."""

from __future__ import annotations

import glob
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from vecstack.errors import BatchError, ExportError, PictureError, UsageError, VecstackError

STANDARD = "-"  # standard input or output


@dataclass(frozen=True)
class Item:
    """One input file ("-" is standard input) and the output it becomes ("-" is standard output), in a folder
    that is made when needed where `in_folder`."""

    source: str
    target: str
    in_folder: bool = False


@dataclass(frozen=True)
class Found:
    """An input file ("-" is standard input), and the folder it was found in where one was given."""

    path: str
    folder: Path | None = None


def plan(inputs: Sequence[str], output: str | None, input_suffixes: set[str], output_suffix: str) -> list[Item]:
    """Items for inputs (files, folders, globs, "-", "@list.txt") and an output: a file for a single input, else a
    folder (made when needed, its tree like that of an input folder), or beside each input when None. Raises
    UsageError, PictureError, ExportError; an output that is an input, or two inputs with one output, are refused."""
    found = expand(inputs, input_suffixes)
    single = len(found) == 1 and found[0].folder is None
    if output == STANDARD and not single:
        raise UsageError(f"{len(found)} inputs cannot go to standard output together. Give a folder with -o.")
    if output is None and single and found[0].path == STANDARD:
        output = STANDARD
    if output is not None and single and not _is_folder(output):
        items = [Item(found[0].path, output)]
    elif output is not None and Path(output).is_file():
        raise ExportError(f"{output} is a file, and {len(found)} inputs need a folder. Give another -o.")
    else:
        targets = [str(_target(entry, output, output_suffix)) for entry in found]
        items = [Item(entry.path, target, output is not None) for entry, target in zip(found, targets, strict=True)]
    _refuse_clashes(items)
    return items


def _target(entry: Found, output: str | None, suffix: str) -> Path:
    """Where an input's output goes: beside it, or into the folder `output`."""
    path = Path("picture" if entry.path == STANDARD else entry.path)
    renamed = path.with_name(_stem(path) + suffix)
    if output is None:
        return renamed
    return Path(output) / (renamed.relative_to(entry.folder) if entry.folder else renamed.name)


def _is_folder(text: str) -> bool:
    return text.endswith(("/", "\\")) or Path(text).is_dir()


def _stem(path: Path) -> str:
    """The name without its suffix, which is two words long for photo.layers.json."""
    name = path.name.removesuffix(".json") if path.name.endswith(".layers.json") else path.name
    return Path(name).stem or name


def expand(inputs: Sequence[str], suffixes: set[str]) -> list[Found]:
    """The files that inputs stand for, each once, in order. Raises UsageError when there are none."""
    found = list(dict.fromkeys(entry for text in inputs for entry in _expand(text, suffixes)))
    if not found:
        raise UsageError(f"No inputs in {', '.join(inputs)}. Looked for {', '.join(sorted(suffixes))}.")
    return found


def _expand(text: str, suffixes: set[str]) -> list[Found]:
    if text.startswith("@"):
        try:
            lines = Path(text[1:]).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise PictureError(f"{text[1:]}: cannot be read as a list of files ({error}).") from error
        return [Found(line.strip()) for line in lines if line.strip()]
    path = Path(text)
    if text != STANDARD and path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and _suffix(file) in suffixes)
        return [Found(str(file), path) for file in files]
    if glob.has_magic(text) and not path.exists():
        return [entry for name in sorted(glob.glob(text, recursive=True)) for entry in _expand(name, suffixes)]  # noqa: PTH207
    return [Found(text)]


def _suffix(path: Path) -> str:
    name = path.name.lower()
    return ".layers.json" if name.endswith(".layers.json") else path.suffix.lower()


def _refuse_clashes(items: list[Item]) -> None:
    sources = {Path(item.source).resolve() for item in items if item.source != STANDARD}
    targets: dict[Path, list[str]] = defaultdict(list)
    for item in items:
        if item.target == STANDARD:
            continue
        target = Path(item.target).resolve()
        if target in sources:
            raise ExportError(f"{item.target} is an input. Give another -o.")
        targets[target].append(item.source)
    for target, clashing in targets.items():
        if len(clashing) > 1:
            raise ExportError(f"{' and '.join(clashing)} would both become {target.name}. Give them on their own.")


Report = Callable[[int, int], None]  # how much of an item is done, of how much


def run_all(
    items: Sequence[Item], act: Callable[[Item, Report], None], *, skip_existing: bool, quiet: bool, verb: str
) -> None:
    """Act on every item, with a progress bar on a terminal. A single item's error is raised; of several, each error is
    one line on stderr and the rest go on, and BatchError is raised at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    todo = [item for item in items if not (skip_existing and item.target != STANDARD and Path(item.target).exists())]
    failures = 0
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    hidden = quiet or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), disable=hidden, transient=True) as progress:
        task = progress.add_task(verb, total=len(todo))
        for index, item in enumerate(todo):

            def report(done: int, total: int, index: int = index) -> None:
                progress.update(task, completed=index + done / total)

            progress.update(task, description=f"{verb} {Path(item.source).name}")
            try:
                if item.in_folder:
                    _make_folder(Path(item.target).parent)
                act(item, report)
            except VecstackError as error:
                if len(items) == 1:
                    raise
                failures += 1
                typer.echo(f"vecstack: {error}", err=True)
            report(1, 1)
    if failures:
        raise BatchError(f"{failures} of {len(todo)} inputs failed; the lines above say why.")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder}: cannot be made ({error.strerror}). Give another -o.") from error


def check_output(item: Item, *, overwrite: bool) -> None:
    """Refuse an output that cannot be, before any work is done. Raises ExportError."""
    path = Path(item.target)
    if item.target == STANDARD:
        return
    if path.exists() and not overwrite:
        raise ExportError(f"{item.target} exists. Add --overwrite to replace it, or give another -o.")
    if not path.parent.is_dir() and not item.in_folder:
        raise ExportError(f"{path.parent}: no such folder. Make it, or give another -o.")
