"""Training pictures: folders, zips and tars decoded once into memory, a held-out part, and examples cut from them."""

from __future__ import annotations

import math
import os
import tarfile
import zipfile
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn.functional import affine_grid, avg_pool2d, grid_sample

from vecstack.errors import PictureError, RecipeError, on_one_line
from vecstack.pictures.decoding.sources import MAX_BYTES
from vecstack.pictures.fit import fit_to_side
from vecstack.pictures.read import MAX_PIXELS, load_picture
from vecstack.pictures.suffixes import SUFFIXES
from vecstack.train.recipe import DataRecipe

HELD_OUT = 0.1  # share of each class, the last by file name, that is never trained on
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
TAR_EXTENSIONS = b"xgXLK"  # types of header whose content tarfile reads into memory: long names and attributes
MAX_EXTENSION = 2**20  # bytes of such a content; a path has at most 4,096 on Linux
BLACK = (0.0, 0.0, 0.0)

MAX_THREADS = 16  # beyond these, reading and what Python does in one thread at a time are the limit
PARALLEL_PIXELS = 2**24  # of a picture decoded beside others, which takes 0.5 GB meanwhile; larger ones go alone
WAITING_BYTES = 2**28  # of encoded pictures that wait for a thread
WAITING_PER_THREAD = 4  # pictures; enough that no thread runs out of them while small ones are read

MAX_NAMED = 5  # pictures that cannot be read and are named; the rest are counted
MAX_ENDINGS = 6  # of files that are not pictures, which are named

Note = Callable[[str], None]


@dataclass(frozen=True)
class Entry:
    """A file that is still to be read: its name within a folder or archive `source`, its class, and its file: a
    path, or what reads the bytes out of the archive."""

    source: Path
    name: str
    label: tuple[str, ...]
    file: Path | Callable[[], bytes]


@dataclass(frozen=True)
class LeftOut:
    """What was not read: lines about pictures that cannot be read, and names of files that are not pictures."""

    bad: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """What to tell a user: the first few pictures by name, and the count of all else."""
        lines = [f"left out: {line}" for line in self.bad[:MAX_NAMED]]
        if len(self.bad) > MAX_NAMED:
            lines.append(f"left out: {len(self.bad) - MAX_NAMED:,} more that cannot be read")
        if self.others:
            files = (
                "1 file that is not a picture"
                if len(self.others) == 1
                else f"{len(self.others):,} files that are not pictures"
            )
            endings = sorted({PurePosixPath(name).suffix.lower() or "no ending" for name in self.others})
            more = ", ..." if len(endings) > MAX_ENDINGS else ""
            lines.append(f"left out: {files} ({', '.join(map(on_one_line, endings[:MAX_ENDINGS]))}{more})")
        return lines


def load_pictures(
    paths: Sequence[Path], side: int, *, report_bad: Note = lambda _: None, report_other: Note = lambda _: None
) -> tuple[Tensor, Tensor]:
    """All pictures in folders, zips and tars (compressed or not) as (training part, held-out part), each
    [N,3,side,side] uint8, resized to `side` pixels (short side, then the middle), over black where transparent.

    The last tenth of each class by file name is held out. A class is a folder, wherever parts of it lie; a tar
    without folders is one of its own. A picture is known by its suffix (see pictures.suffixes); `report_other` is told
    the name of each other file. Hidden files are ignored and so are, in archives, links, devices and names that
    lead outside.

    A picture that cannot be read is left out, and `report_bad` is told its name and why; so it is of what is lost
    of a tar that is cut short. Which of the others are held out does not depend on it. The order of pictures and
    reports is always the same. Raises RecipeError: a source that cannot be opened, or nothing left to train on or to
    hold out."""
    bad: list[str] = []

    def note(message: str) -> None:
        bad.append(message)
        report_bad(message)

    where = ", ".join(map(str, paths))
    with ExitStack() as archives:
        entries = []
        for found in (found for path in paths for found in _entries(path, archives, note)):
            if PurePosixPath(found.name).suffix.lower() in SUFFIXES:
                entries.append(found)
            else:
                report_other(found.name)
        if not entries:
            damage = f" Damaged: {bad[0]}" if bad else ""
            raise RecipeError(f"No pictures in {where}. Use folders, zips or tars of pictures.{damage}")
        training, held_out = _split(entries)
        if not training:
            raise RecipeError(
                f"{where}: nothing to train on, since the last tenth of each folder is held out. "
                "Use folders of at least two pictures."
            )
        pictures = _room(len(entries), side)
        lost = _decode(entries, [*training, *held_out], pictures.numpy(), note)
    parts = pictures[: len(training)], pictures[len(training) :]
    kept = _without(parts[0], lost), _without(parts[1], {row - len(training) for row in lost})
    for part, use in zip(kept, ("train on", "hold out"), strict=True):
        if not len(part):
            raise RecipeError(
                f"{where}: {len(lost):,} of {len(entries):,} pictures cannot be read, which leaves none to {use}. "
                f"Use undamaged ones. The first: {bad[0]}"
            )
    return kept


# --- what there is ---------------------------------------------------------------------------------------------------


def _entries(path: Path, archives: ExitStack, note: Note) -> list[Entry]:
    """The files of a folder or archive, not yet read; an archive stays open until `archives` close. Raises
    RecipeError."""
    try:
        if path.is_dir():
            return _folder_entries(path)
        if path.name.lower().endswith(TAR_SUFFIXES):
            return _tar_entries(path, archives.enter_context(tarfile.open(path, tarinfo=StrictHeader)), note)
        return _zip_entries(path, archives.enter_context(zipfile.ZipFile(path)))
    except Exception as error:  # of a damaged archive, which makes the readers of archives raise anything
        raise RecipeError(
            f"{path}: cannot be read as a folder, zip or tar of pictures ({_reason(error)}); check the path."
        ) from error


def _folder_entries(path: Path) -> list[Entry]:
    """The files in a folder and the folders in it, by path."""
    files = [file for file in sorted(path.rglob("*")) if not file.is_dir()]
    names = (file.relative_to(path) for file in files)
    return [
        Entry(path, name.as_posix(), (name.parent.as_posix(),), file)
        for name, file in zip(names, files, strict=True)
        if _is_open(PurePosixPath(name))
    ]


def _zip_entries(path: Path, archive: zipfile.ZipFile) -> list[Entry]:
    """The files in a zip, in its order; of a repeated name the last."""
    members = {PurePosixPath(member.filename): member for member in archive.infolist() if not member.is_dir()}
    return [
        Entry(path, member.filename, (str(name.parent),), partial(_unzip, archive, member))
        for name, member in members.items()
        if _is_open(name)
    ]


def _tar_entries(path: Path, archive: tarfile.TarFile, note: Note) -> list[Entry]:
    """The regular files in a tar, in its order; of a repeated name the last. Pictures in no folder
    make a class of this tar alone, since the parts of a sharded data set have no other bound in common."""
    members: dict[PurePosixPath, tarfile.TarInfo] = {}
    last = None
    try:
        for member in archive:
            if last is not None and member.offset <= last.offset:
                raise tarfile.ReadError("a header of a negative size")
            last = member
            name = PurePosixPath(member.name)
            if member.isreg() and _is_open(name):
                members.pop(name, None)  # so that the last takes its own place in the order
                members[name] = member
    except Exception as error:  # as in _entries
        after = f" after {on_one_line(last.name)}" if last else ""
        note(f"{path}: damaged or cut short{after}, what follows is lost ({_reason(error)})")
    return [
        Entry(path, member.name, _tar_label(path, name), partial(_untar, archive, member))
        for name, member in members.items()
    ]


def _tar_label(path: Path, name: PurePosixPath) -> tuple[str, ...]:
    """The class of a picture in a tar: its folder or, where it is in none, the tar."""
    folder = str(name.parent)
    return (folder, str(path)) if folder == "." else (folder,)


class StrictHeader(tarfile.TarInfo):
    """A header of a tar that tells of damage where tarfile would take it for the end of the archive, and that asks for
    no more memory than a header may."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> StrictHeader:
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if bytes(buf) == bytes(tarfile.BLOCKSIZE):  # the mark that ends a whole archive
                raise
            raise tarfile.ReadError(str(error)) from error
        if header.size < 0 or (header.type in TAR_EXTENSIONS and header.size > MAX_EXTENSION):
            raise tarfile.ReadError(f"a header of {header.size:,} bytes")
        return header


def _is_open(name: PurePosixPath) -> bool:
    """Whether a name is not hidden, not one of the forks that macOS puts beside files, and not leading outside."""
    return not name.is_absolute() and not any(part.startswith((".", "__MACOSX")) for part in name.parts)


def _split(entries: Sequence[Entry]) -> tuple[list[int], list[int]]:
    """Which entries to train on, and which to hold out, the last of each class; by class, then by file name."""
    classes: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for index, entry in enumerate(entries):
        classes[entry.label].append(index)
    training: list[int] = []
    held_out: list[int] = []
    for _, members in sorted(classes.items()):
        members.sort(key=lambda index: PurePosixPath(entries[index].name).name)
        first_held = len(members) - max(1, round(len(members) * HELD_OUT))
        training += members[:first_held]
        held_out += members[first_held:]
    return training, held_out


# --- from files to one tensor ----------------------------------------------------------------------------------------


def _unzip(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The bytes of a member of a zip. Raises PictureError, and whatever a damaged zip makes zipfile raise."""
    _check_bytes(member.file_size)
    return archive.read(member)


def _untar(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    """The bytes of a regular file in a tar. Raises PictureError, and whatever a damaged tar makes tarfile raise."""
    if member.issparse():
        raise PictureError("stored with holes; pack it as plain files")
    _check_bytes(member.size)
    file = archive.extractfile(member)
    if file is None:
        raise PictureError("not a regular file")
    return file.read()


def _check_bytes(count: int) -> None:
    """Raise PictureError for a file that is larger than a picture may be."""
    if count > MAX_BYTES:
        raise PictureError(f"{count:,} bytes, at most {MAX_BYTES:,}; scale it down first")


def _room(count: int, side: int) -> Tensor:
    """Memory for pictures, [N,3,side,side] uint8. Raises RecipeError: there is not so much."""
    try:
        return torch.empty(count, 3, side, side, dtype=torch.uint8)
    except RuntimeError as error:
        raise RecipeError(
            f"{count:,} pictures of {side} x {side} pixels take {count * 3 * side**2 / 1e9:,.1f} GB, more memory than "
            "there is. Choose a smaller data.stored_side, or fewer pictures."
        ) from error


@dataclass(frozen=True)
class Decoding:
    """A picture that is being decoded for a row of the result: its entry, and its path or bytes."""

    entry: Entry
    row: int
    file: Path | bytes
    done: Future[None]


def _decode(entries: Sequence[Entry], order: Sequence[int], pictures: NDArray[np.uint8], note: Note) -> set[int]:
    """Read all entries into `pictures` [N,3,S,S], that of entry order[i] into row i. Returns the rows of those that
    cannot be read; `note` is told of them, in the order of the entries.

    This thread alone reads archives, from front to back, since compressed tars give nothing else at once; others
    decode meanwhile."""
    lost: set[int] = set()
    under_way: deque[Decoding] = deque()
    threads = min(MAX_THREADS, os.cpu_count() or 1)

    def finish() -> None:
        """Wait for the first picture. What failed beside others is tried again here, where it may be large."""
        first = under_way.popleft()
        try:
            first.done.result()
        except (PictureError, MemoryError):
            try:
                _decode_into(pictures[first.row], first.file, MAX_PIXELS)
            except (PictureError, MemoryError) as error:
                lost.add(first.row)
                note(_fault(first.entry, error))

    rows = {index: row for row, index in enumerate(order)}
    with ThreadPoolExecutor(threads) as pool:
        for index, entry in enumerate(entries):
            try:
                file = entry.file if isinstance(entry.file, Path) else entry.file()
            except Exception as error:  # as in _entries
                while under_way:
                    finish()
                lost.add(rows[index])
                note(_fault(entry, error))
                continue
            while len(under_way) == threads * WAITING_PER_THREAD or (under_way and _bytes(under_way) > WAITING_BYTES):
                finish()
            done = pool.submit(_decode_into, pictures[rows[index]], file, PARALLEL_PIXELS)
            under_way.append(Decoding(entry, rows[index], file, done))
        while under_way:
            finish()
    return lost


def _bytes(under_way: Iterable[Decoding]) -> int:
    """Bytes of encoded pictures that wait in memory."""
    return sum(len(first.file) for first in under_way if isinstance(first.file, bytes))


def _decode_into(row: NDArray[np.uint8], file: Path | bytes, max_pixels: int) -> None:
    """Decode a picture into `row` [3,S,S], fitted to it. Raises PictureError, MemoryError."""
    values = load_picture(file, max_pixels=max_pixels).over(BLACK) * 255
    picture = Image.fromarray(np.rint(values, out=values).astype(np.uint8))
    fitted = ImageOps.fit(picture, (row.shape[2], row.shape[1]), Image.Resampling.BOX)
    row[:] = np.asarray(fitted).transpose(2, 0, 1)


def _fault(entry: Entry, error: Exception) -> str:
    """What is wrong with an entry, in one line that names it."""
    if isinstance(entry.file, Path) and isinstance(error, PictureError):
        return str(error)  # load_picture names the file
    return f"{entry.source}: {on_one_line(entry.name)}: {_reason(error).removeprefix('picture: ')}"


def _reason(error: Exception) -> str:
    """What an error says, in one line."""
    words = (isinstance(error, OSError) and error.strerror) or str(error).partition("\n")[0].rstrip(":")
    return " ".join(words.split()) or type(error).__name__


def _without(part: Tensor, lost: set[int]) -> Tensor:
    """The pictures [N,...] without the rows `lost`, moved together in place, since there may be no memory for two."""
    kept = [row for row in range(len(part)) if row not in lost]
    for place, row in enumerate(kept):
        if place != row:
            part[place] = part[row]
    return part[: len(kept)]


def as_seen(pictures: Tensor, recipe: DataRecipe) -> Tensor:
    """Pictures [N,3,S,S] as a model is to see them, [N,3,side,side]: where the truth is finer, the means of its cells,
    as a camera or a scanner makes of what is there."""
    if pictures.shape[-1] == recipe.side:
        return pictures
    fitted = fit_to_side(pictures, recipe.compared_side)
    cell = recipe.compared_side // recipe.side
    return avg_pool2d(fitted, cell) if cell > 1 else fitted


def _by_detail(pictures: Tensor, side: int) -> tuple[Tensor, Tensor]:
    """The rows of pictures [N,3,S,S] that have no more detail than `side` pixels (all that was enlarged to be stored),
    and the rows of the others. Raises RecipeError: one of the two is empty."""
    cell = pictures.shape[-1] // side
    same = [part.view(len(part), 3, side, cell, side, cell) for part in torch.split(pictures, 1_000)]
    is_coarse = torch.cat([(cells == cells[:, :, :, :1, :, :1]).flatten(1).all(1) for cells in same]).cpu()
    coarse, fine = is_coarse.nonzero()[:, 0], (~is_coarse).nonzero()[:, 0]
    if not (len(coarse) and len(fine)):
        have = "all" if len(coarse) else "none"
        raise RecipeError(
            f"data.coarse_share sets pictures of at most {side} pixels apart from finer ones, and {have} of these are "
            "such. Leave it out, or give both."
        )
    return coarse, fine


# --- from the tensor to batches --------------------------------------------------------------------------------------


class Examples:
    """Endless random batches [B,C,S,S] in 0..1, S the side at which layers are compared, cropped, flipped and warped
    as the recipe says, on the device of the pictures [N,C,S,S] uint8 (C is 3, or 6 of pairs). What is random is drawn
    on the CPU; the device is given it and never waited for. Where the recipe sets coarse pictures apart, a batch is all
    of them or has none. Raises RecipeError: there are none, or only such."""

    def __init__(self, pictures: Tensor, recipe: DataRecipe, generator: torch.Generator) -> None:
        self.pictures = pictures.contiguous()  # so that their lines are a view
        self.recipe = recipe
        self.generator = generator
        self.coarse: Tensor | None = None
        self.fine: Tensor | None = None
        if recipe.coarse_share:
            self.coarse, self.fine = _by_detail(self.pictures, recipe.side)

    def batch(self, count: int) -> Tensor:
        """The next `count` examples."""
        recipe = self.recipe
        is_coarse = bool(recipe.coarse_share and torch.rand((), generator=self.generator) < recipe.coarse_share)
        batch = self._cut(count, self.coarse if is_coarse else self.fine).float() / 255
        if recipe.rotate_degrees or recipe.zoom or recipe.shift:
            batch = self._warp(batch)
        return as_seen(batch, recipe) if is_coarse else fit_to_side(batch, recipe.compared_side)

    def _cut(self, count: int, rows: Tensor | None) -> Tensor:
        """Square parts of random pictures (those of `rows`, or any), of one random side for the whole batch, each at a
        place of its own, half of them mirrored where the recipe flips: [B,C,side,side] uint8."""
        (channels, stored), device = self.pictures.shape[1:3], self.pictures.device
        smallest = math.ceil(self.recipe.smallest_crop * stored)
        side = int(self._whole(smallest, stored + 1))
        draws = [
            self._whole(0, len(self.pictures), count) if rows is None else rows[self._whole(0, len(rows), count)],
            *self._whole(0, stored - side + 1, 2, count),
            self._whole(0, 2 if self.recipe.flip else 1, count),
        ]
        chosen, top, left, mirrored = self._sent(torch.stack(draws)).view(4, count, 1, 1, 1)
        steps = torch.arange(side, device=device)
        planes = chosen * channels + torch.arange(channels, device=device).view(channels, 1, 1)
        lines = planes * stored + top + steps[:, None]  # [B,C,side,1]
        columns = left + torch.where(mirrored > 0, side - 1 - steps, steps)  # [B,1,1,side]
        picked = self.pictures.flatten(0, 2).index_select(0, lines.flatten()).view(count, channels, side, stored)
        return picked.gather(3, columns.expand(count, channels, side, side))

    def _warp(self, batch: Tensor) -> Tensor:
        """The examples, the share that the recipe asks for turned, scaled and moved."""
        count = len(batch)
        angle = self._uniform(count) * math.radians(self.recipe.rotate_degrees)
        scale = 1 + self._uniform(2, count) * self.recipe.zoom
        shift = self._uniform(2, count) * 2 * self.recipe.shift
        rows = [
            torch.stack([angle.cos() * scale[0], -angle.sin() * scale[1], shift[0]], 1),
            torch.stack([angle.sin() * scale[0], angle.cos() * scale[1], shift[1]], 1),
        ]
        grid = affine_grid(self._sent(torch.stack(rows, 1)), list(batch.shape), align_corners=False)
        warped = grid_sample(batch, grid, align_corners=False, padding_mode="border")
        chosen = torch.rand(count, 1, 1, 1, generator=self.generator) < self.recipe.warped_share
        return torch.where(self._sent(chosen), warped, batch)

    def _whole(self, least: int, end: int, *shape: int) -> Tensor:
        """Random whole numbers of `least` to below `end`."""
        return torch.randint(least, end, shape, generator=self.generator)

    def _uniform(self, *shape: int) -> Tensor:
        """Random numbers in [-1, 1)."""
        return torch.rand(*shape, generator=self.generator) * 2 - 1

    def _sent(self, drawn: Tensor) -> Tensor:
        """Numbers drawn on the CPU, on the device of the pictures; a GPU is not waited for, which takes pinned
        memory."""
        if self.pictures.is_cuda:
            drawn = drawn.pin_memory()
        return drawn.to(self.pictures.device, non_blocking=True)
