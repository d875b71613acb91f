"""What a weights file says of itself: the kind that wrote it, and the sizes of what is in it.

The metadata of such a file is the JSON of {"kind": name, "sizes": sizes}, under METADATA_KEY. The name is that of a
kind of layer, or BASELINE: a model of pictures that makes no layers, with which a kind's own models are compared. A
model that makes layers of noise has "table": GENERATOR, too, and one that adds detail to drawn layers of that kind
"table": ENHANCER."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from vecstack.errors import WeightsError
from vecstack.kinds import find_kind
from vecstack.kinds.base import METADATA_KEY, Kind
from vecstack.stack import Layer

DEFAULT_KIND = "mask"  # of a recipe that names no kind, and of baselines, which name none
# Tables of a recipe that hold the sizes of what is trained.
MODEL, BASELINE, GENERATOR, ENHANCER = "model", "baseline", "generator", "enhancer"


@dataclass(frozen=True)
class Description:
    """The kind that wrote a weights file, and the table of a recipe (MODEL, BASELINE, GENERATOR or ENHANCER)
    that would hold its sizes (values as parsed from JSON, unchecked)."""

    kind: Kind[Layer]
    table: str
    sizes: Any


def describe(data: bytes, where: str) -> Description:
    """What the bytes of a weights file say of themselves. Raises WeightsError, which begins with `where`: not a weights
    file of this program, or of a kind that this version does not have."""
    try:
        metadata = read_metadata(data)
        name, sizes = metadata["kind"], metadata["sizes"]
        table = metadata.get("table", MODEL)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsError(f"{where}: not a vecstack model; use weights that `vecstack train` wrote.") from error
    is_baseline = name == BASELINE
    kind = find_kind(DEFAULT_KIND if is_baseline else name) if isinstance(name, str) else None
    if kind is None:
        raise WeightsError(
            f"{where}: makes layers of kind {name!r:.40}, which this version does not have; install a newer vecstack."
        )
    if table not in (MODEL, GENERATOR, ENHANCER):
        raise WeightsError(f"{where}: of a use that this version does not have; install a newer vecstack.")
    return Description(kind, BASELINE if is_baseline else table, sizes)


def read_metadata(data: bytes) -> Any:
    """What the metadata of a weights file says, parsed. Raises ValueError, KeyError, TypeError, RecursionError."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(json.loads(data[8 : 8 + length])["__metadata__"][METADATA_KEY])
