"""Which output each input gets."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vecstack.batch.inputs import STANDARD, Found, Wanted, search, suffix_of
from vecstack.batch.items import Item
from vecstack.batch.names import check_pattern, named_by, stem
from vecstack.batch.places import beside, is_file, is_folder, is_url, joined, place, plain, presence
from vecstack.document.file import SUFFIXES, check_suffix
from vecstack.errors import ExportError, UsageError
from vecstack.pictures.suffixes import SUFFIXES as PICTURES

MAX_ENDINGS = 6  # of files that are left out, in one line


@dataclass(frozen=True)
class Batch:
    """What a command is to do: its items, messages about what cannot be read beside them, notes for the user, of which
    those of `details` are for who asks for them, and the folder that all outputs are in, where one was named."""

    items: list[Item]
    missed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    folder: Path | None = None


@dataclass(frozen=True)
class Shard:
    """One part of a run of `count` parts, `index` from 1 on: each input is in one, by where it lies."""

    index: int
    count: int

    def has(self, item: Item) -> bool:
        """Whether an item is in this part."""
        name = f"{item.place}/{Path(item.source).name}".removeprefix("/")
        number = int.from_bytes(hashlib.sha256(os.fsencode(name)).digest()[:8], "big")
        return number % self.count == self.index - 1


@dataclass(frozen=True)
class Naming:
    """How outputs are named: by the input's name without its ending, or by a pattern such as "{stem}-{size}.{suffix}"
    of the words of `vecstack.batch.names` and of options."""

    pattern: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pattern is not None:
            check_pattern(self.pattern, self.options)

    def name(self, source: Path, suffix: str, *, is_whole: bool = False) -> str:
        """The name of an input's output with that suffix; where `is_whole`, it keeps the ending of the input."""
        kept = source.name if is_whole else stem(source)
        if self.pattern is None:
            return kept + suffix
        return named_by(self.pattern, {**self.options, "stem": kept, "name": source.name}, suffix)


def parse_shard(text: str) -> Shard:
    """The shard written as i/n, with i from 1 to n. Raises UsageError."""
    match = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UsageError(f"--shard must be i/n with i from 1 to n, such as 2/8, not {text!r:.40}.")
    return Shard(int(match[1]), int(match[2]))


def plan(
    inputs: Sequence[str],
    output: str | None,
    input_suffixes: set[str],
    output_suffix: str,
    *,
    makes_folders: bool = False,
    wanted: Wanted | None = None,
    naming: Naming | None = None,
    shard: Shard | None = None,
) -> Batch:
    """What to do with inputs (files, folders, globs, "-", "@list.txt") and an output.

    `output` is a file for a single named input, else a folder (created when needed; the tree of an input folder is
    kept); None puts each output beside its input. Where `makes_folders`, each output is a folder, and so is `output`
    for a single input. Inputs that differ only in their endings keep them in the names of their outputs. Raises
    UsageError; PictureError for folders that cannot be listed, where nothing else is there; ExportError for an output
    that is an input, that two inputs share, or that a command would not write."""
    found = search(inputs, input_suffixes, wanted)
    output = None if output is None else plain(output)
    items, notes = _items(found.files, output, output_suffix, makes_folders, naming or Naming())
    _refuse_clashes(items, input_suffixes)
    if output_suffix == ".layers":
        for item in items:
            if item.target != STANDARD:
                check_suffix(item.target)
    unread = _counted(found.unread, "pictures of a format that is not read")
    folder = place(output) if output is not None and any(item.in_folder for item in items) else None
    if shard is not None:
        items = [item for item in items if shard.has(item)]
    return Batch(items, tuple(found.missed), (*notes, *unread), _counted(found.others, "other files"), folder)


def _items(
    found: Sequence[Found], output: str | None, suffix: str, makes_folders: bool, naming: Naming
) -> tuple[list[Item], tuple[str, ...]]:
    """The items of inputs, and notes about their names. Raises UsageError, ExportError."""
    single = len(found) == 1 and found[0].named
    if output == "":
        raise UsageError("-o is empty; name a file or a folder.")
    if output == STANDARD and not single:
        raise UsageError(f"{len(found)} inputs cannot all go to standard output; name a folder with -o.")
    if output is None and single and found[0].path == STANDARD:
        output = STANDARD
    if output is not None and makes_folders and is_url(output):
        raise UsageError(f"{output}: outputs that are folders are written on this machine only; name a path with -o.")
    if output is not None and single and (makes_folders or not _names_folder(output)):
        return [Item(found[0].path, output, is_folder=makes_folders)], ()
    if output is not None and is_file(output):
        raise ExportError(f"{output} is a file, but several inputs need a folder; name one with -o.")
    if output is not None and not _names_folder(output) and suffix_of(output) in {suffix, *SUFFIXES, *PICTURES}:
        count = "1 output" if len(found) == 1 else f"{len(found)} outputs"
        raise UsageError(f"-o {output} would be a folder, of {count}; name a folder, or write {output}/ for that one.")
    targets, whole = _targets(found, output, suffix, naming)
    items = []
    for entry, target in zip(found, targets, strict=True):
        where = (entry.inside or "").rpartition("/")[0]
        items.append(Item(entry.path, target, output is not None, makes_folders, where))
    notes = (
        (f"outputs that would have one name keep the endings of their inputs, such as {Path(whole[0]).name}",)
        if whole
        else ()
    )
    return items, notes


def _targets(found: Sequence[Found], output: str | None, suffix: str, naming: Naming) -> tuple[list[str], list[str]]:
    """The output of each input, named without the input's ending; but with it where that name is another's, too, or
    where a file of that name is there already, from a run in which it was. Also those that another's name changed."""
    folder = None if output is None else str(place(output))
    full = [_target(entry, folder, suffix, naming, is_whole=True) for entry in found]
    targets = [_target(entry, folder, suffix, naming) for entry in found]
    changed = _told_apart(targets, full)
    is_there = presence(folder or "")
    targets[:] = [whole if is_there(whole) else target for whole, target in zip(full, targets, strict=True)]
    return targets, [*changed, *_told_apart(targets, full)]


def _told_apart(targets: list[str], full: Sequence[str]) -> list[str]:
    """Put full names in the place of those targets that are not the only ones of their name, until all are, or are
    full; those that were put there."""
    changed: list[str] = []
    while True:
        count = Counter(targets)
        clashing = [at for at, target in enumerate(targets) if count[target] > 1 and target != full[at]]
        if not clashing:
            return changed
        for at in clashing:
            targets[at] = full[at]
            changed.append(full[at])


def _counted(paths: Sequence[str], what: str) -> tuple[str, ...]:
    """How many files were left out, with their endings, in a line; no line where there are none."""
    if not paths:
        return ()
    endings = Counter(suffix_of(path) or "without ending" for path in paths)
    named = ", ".join(f"{count} {ending}" for ending, count in endings.most_common(MAX_ENDINGS))
    return (f"left out {what}: {named}{', ...' if len(endings) > MAX_ENDINGS else ''}",)


def _target(entry: Found, folder: str | None, suffix: str, naming: Naming, *, is_whole: bool = False) -> str:
    """The name of an input's output, in a folder or, where that is None, beside the input."""
    source = "picture" if entry.path == STANDARD else entry.path
    name = naming.name(Path(source), suffix, is_whole=is_whole)
    if folder is None:
        return beside(source, name)
    inside = (entry.inside or "").rpartition("/")[0]
    return joined(folder, f"{inside}/{name}" if inside else name)


def _names_folder(text: str) -> bool:
    return text.endswith(("/", "\\")) or is_folder(text)


def _refuse_clashes(items: list[Item], suffixes: set[str]) -> None:
    """Raise ExportError where an output is an input or another output. `suffixes` are those of the command's inputs."""
    real = _Real()
    sources = {real(item.source) for item in items if item.source != STANDARD}
    targets: dict[str, list[str]] = defaultdict(list)
    for item in items:
        if item.target == STANDARD:
            continue
        target = real(item.target)
        if target in sources:
            raise ExportError(_why_not_over_input(item, suffixes))
        targets[target].append(item.source)
    shared = [(Path(target).name, sources) for target, sources in targets.items() if len(sources) > 1]
    if shared:
        name, clashing = shared[0]
        more = f", the first of {len(shared)} such names" if len(shared) > 1 else ""
        raise ExportError(f"{' and '.join(clashing)} would become {name}{more}; rename one, or run them separately.")


class _Real:
    """Gives paths without links in them, as os.path.realpath does, but looks at each folder once."""

    def __init__(self) -> None:
        self.folders: dict[str, str] = {}

    def __call__(self, path: str) -> str:
        folder, name = os.path.split(path)
        if folder not in self.folders:
            self.folders[folder] = os.path.realpath(folder)
        whole = os.path.join(self.folders[folder], name)  # noqa: PTH118 - texts, of which there may be millions
        return os.path.realpath(path) if os.path.islink(whole) else whole  # noqa: PTH114


def _why_not_over_input(item: Item, suffixes: set[str]) -> str:
    """Why an item's output, which is an input, is refused: most often the input is of the wrong kind."""
    suffix = suffix_of(item.source)
    if suffix not in suffixes and os.path.realpath(item.source) == os.path.realpath(item.target):
        if suffix in SUFFIXES:
            return f"{item.source} is a layer file, not a picture; draw it with `vecstack render`."
        return f"{item.source} is not a layer file; turn a picture into one with `vecstack decompose`."
    return f"{item.target} is an input, and inputs are never overwritten; choose another output with -o."
