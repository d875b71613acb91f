"""Which items of a run are to be done: all, or those that no run before has done."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vecstack.batch.attempt import sources_of
from vecstack.batch.digests import digest_if_any
from vecstack.batch.inputs import STANDARD
from vecstack.batch.items import Item, Job
from vecstack.batch.manifest import Record, key_of
from vecstack.batch.places import exists, fetched, place
from vecstack.errors import VecstackError


@dataclass(frozen=True)
class Policy:
    """What becomes of outputs that exist: they are refused, or replaced (`overwrite`). `resume` leaves those that a
    manifest knows to be made of the same inputs with the same options, and replaces others that it knows.
    `skip_existing` also leaves those that it does not know; `update` does where they are not older than their
    input, and else replaces them."""

    overwrite: bool = False
    resume: bool = False
    skip_existing: bool = False
    update: bool = False

    @property
    def looks(self) -> bool:
        """Whether outputs that exist may be left as they are."""
        return self.resume or self.skip_existing or self.update


@dataclass(frozen=True)
class State:
    """What is known of the outputs of a run: its policy, the folder of its outputs, the records of that folder by
    output, the outputs (absolute paths) that runs before have left unsettled, the sha256 of the options, and of a
    store the names and bytes of what lies there."""

    policy: Policy
    folder: Path | None = None
    records: Mapping[str, Record] = field(default_factory=dict)
    unsettled: frozenset[str] = frozenset()
    options: str = ""
    sizes: Mapping[str, int] | None = None

    def is_there(self, path: str) -> bool:
        """Whether there is anything of an output's name."""
        return exists(path) if self.sizes is None else path in self.sizes

    def settled(self, item: Item, job: Job) -> Item:
        """The item with the outputs that are left as they are, and whether the rest may be replaced."""
        if not self.policy.looks or item.target == STANDARD:
            return dataclasses.replace(item, overwrite=self.policy.overwrite)
        record = self.records.get(key_of(item, self.folder))
        is_same = record is not None and self._is_same(record, item, job)
        if is_same and record is not None and self._has_size(record, item):
            return dataclasses.replace(item, kept=item.outputs)
        fates = [self._fate(path, item, record, at, is_same) for at, path in enumerate(item.outputs)]
        kept = tuple(path for path, fate in zip(item.outputs, fates, strict=True) if fate == "keep")
        overwrite = self.policy.overwrite or "replace" in fates
        return dataclasses.replace(item, kept=kept, overwrite=overwrite, may_stand=self.policy.resume)

    def _fate(self, path: str, item: Item, record: Record | None, at: int, is_same: bool) -> str:
        """What becomes of an output: "make" (as if it were new), "keep" or "replace"."""
        if not self.is_there(path):
            return "make"
        is_done = record is not None and record.status == "done" and at < len(record.made)
        made = record.made[at] if record is not None and is_done else None
        if made is not None and digest_if_any(path) == made:
            return "keep" if is_same else "replace"
        if str(Path(path).absolute()) in self.unsettled:
            return "replace"
        if made is not None:
            return "replace" if not is_readable(path) or self.policy.overwrite else "keep"  # someone has changed it
        if self.policy.update:
            return "replace" if _is_older(path, item.source) else "keep"
        return "keep" if self.policy.skip_existing else "make"

    def _has_size(self, record: Record, item: Item) -> bool:
        """Whether all that was made of an item lies in a store, and is as large: files appear whole there, so that
        these need not be read."""
        if self.sizes is None or record.status != "done" or not all(map(self.is_there, item.outputs)):
            return False
        return sum(self.sizes[path] for path in item.outputs) == record.bytes

    def _is_same(self, record: Record, item: Item, job: Job) -> bool:
        """Whether an item was made of what it would be made of now."""
        try:
            return record.options == self.options and record.sources == sources_of(job, item)
        except VecstackError:
            return False


def is_readable(path: str) -> bool:
    """Whether an output is whole: a layer file that can be read, a picture that can be decoded, and of any other
    format one that is not empty."""
    from vecstack.document.file import SUFFIXES, load
    from vecstack.pictures.suffixes import SUFFIXES as PICTURES

    readers: list[tuple[set[str], Callable[[str], object]]] = [(set(SUFFIXES), load), (set(PICTURES), _decode)]
    for suffixes, read in readers:
        if path.lower().endswith(tuple(suffixes)):
            try:
                with fetched(path) as near:
                    read(near)
            except VecstackError:
                return False
            return True
    return place(path).is_dir() or place(path).stat().st_size > 0


def _decode(path: str) -> object:
    from vecstack.pictures.read import load_picture

    return load_picture(path)


def _is_older(path: str, source: str) -> bool:
    """Whether an output was written before its input."""
    try:
        return place(path).stat().st_mtime < place(source).stat().st_mtime
    except OSError:
        return False
