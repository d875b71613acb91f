"""Weights that others published: where they are found, and whether they are the right ones."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from vecstack.errors import WeightsError

CACHE = "~/.cache/vecstack"  # where such files are looked for first


@dataclass(frozen=True)
class Published:
    """The weights of a segmenter: its name, their file, which has that sha256, how large and from where, in words; and
    where users of other programs have it: a folder, or a path within a package, which is not imported."""

    name: str
    file: str
    sha256: str
    origin: str
    package: str
    inside: str = ""
    folder: str = CACHE

    def read(self, weights: str | os.PathLike[str] | None = None) -> bytes:
        """The bytes of the file that is named, or else of the one that is found. Raises WeightsError: there is none, or
        another one."""
        places = self._places() if weights is None else [Path(weights)]
        place = next((place for place in places if place.is_file()), None)
        if place is None and weights is not None:
            raise WeightsError(f"there is no file {os.fspath(weights)!r}; check the path.")
        if place is None:
            raise WeightsError(
                f"{self.name} needs its weights, {self.file} ({self.origin}): put them into {CACHE}, or name their "
                f"file, {self.name}:PATH."
            )
        try:
            data = place.read_bytes()
        except OSError as error:
            raise WeightsError(f"{place}: cannot be read ({error.strerror}); check the path.") from error
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise WeightsError(
                f"{place} is damaged, or another net than {self.name}: its sha256 must begin {self.sha256[:12]}."
            )
        return data

    def _places(self) -> list[Path]:
        """Where the file may be."""
        spec = importlib.util.find_spec(self.package)
        packages = [] if spec is None else spec.submodule_search_locations or []
        folders = (Path(folder).expanduser() for folder in (CACHE, self.folder))
        return [*(folder / self.file for folder in folders), *(Path(p) / self.inside / self.file for p in packages)]
