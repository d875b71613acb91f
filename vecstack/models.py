"""Models by name or path: where weights are found, and whether they are the published ones."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecstack.errors import WeightsError
from vecstack.kinds import find_kind, kind_names
from vecstack.kinds.base import METADATA_KEY

if TYPE_CHECKING:
    from vecstack.kinds.base import Kind, Maker
    from vecstack.stack import Layer

MODEL_FILE = "model.safetensors"
MAX_BYTES = 1 << 30
DEFAULT_MODEL = "photos"
BASELINE = "baseline"  # what vecstack.train.baselines calls models that make no layers


@dataclass(frozen=True)
class AvailableModel:
    """A model that ships with the program: its name, what it is good for, the kind of layer that it makes, and, of one
    with weights, their sha256 (from weights/manifest.json) and their path."""

    name: str
    description: str
    kind: str
    sha256: str | None = None
    path: Path | None = None


@dataclass(frozen=True)
class Model:
    """A maker of layers, the name it was asked for by, the kind of layer that it makes, and the sha256 of its weights
    file, where it has one."""

    name: str
    maker: Maker
    kind: str
    sha256: str | None = None


def weights_folder() -> Path:
    """The folder of the shipped weights: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "weights"
    return inside if inside.is_dir() else package.parent / "weights"


def available_models() -> tuple[AvailableModel, ...]:
    """The models that ship with the program: those with weights, then makers that need none. Raises WeightsError where
    the manifest is missing or damaged."""
    return (*published_models(), *_makers_without_weights())


@cache
def published_models() -> tuple[AvailableModel, ...]:
    """The shipped models with weights. Raises WeightsError where the manifest is missing or damaged."""
    folder = weights_folder()
    manifest = folder / "manifest.json"
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))
        return tuple(
            AvailableModel(name, entry["description"], entry["kind"], entry["sha256"], folder / name / MODEL_FILE)
            for name, entry in sorted(entries.items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{manifest}: cannot be read ({error}). Install vecstack again.") from error


def _makers_without_weights() -> Iterator[AvailableModel]:
    for kind_name in kind_names():
        kind = find_kind(kind_name)
        for name, entry in (kind.makers if kind else {}).items():
            yield AvailableModel(name, entry.description, kind_name)


def load_model(model: str | Path = DEFAULT_MODEL, device: str = "auto") -> Model:
    """The model of a shipped name, of a path to a weights file (or its folder), or of a Hub repository as
    OWNER/NAME@REVISION with a revision of 40 hexadecimal digits. Raises WeightsError: no such model, not the
    published bytes, or not a model; DeviceError."""
    from vecstack.device import resolve_device

    chosen = resolve_device(device)
    kind = _kind_of_maker(str(model))
    if kind is not None:
        return Model(str(model), kind.makers[str(model)].open(chosen), kind.name)
    name, data = find_weights(model)
    kind, sizes = _kind_of_weights(data, str(model))
    try:
        maker = kind.load_maker(data, sizes, chosen)
    except WeightsError as error:
        raise WeightsError(f"{model}: {error}") from error
    return Model(name, maker, kind.name, hashlib.sha256(data).hexdigest())


def _kind_of_maker(name: str) -> Kind[Layer] | None:
    """The kind that has a maker of that name without weights."""
    kinds = (find_kind(kind_name) for kind_name in kind_names())
    return next((kind for kind in kinds if kind is not None and name in kind.makers), None)


def find_weights(model: str | Path) -> tuple[str, bytes]:
    """The name that a model goes by, and the bytes of its weights, of what `load_model` takes. Raises WeightsError."""
    name, path = str(model), Path(model)
    if published := _find_published(name):
        return name, verify_model(published)
    if is_repository(name):
        return name, read_weights(fetch_weights(name))
    if path_exists(path):
        data = read_weights(path / MODEL_FILE if path.is_dir() else path)
        return (path if path.is_dir() else path.parent).resolve().name if path.name == MODEL_FILE else path.stem, data
    known = ", ".join(entry.name for entry in available_models())
    raise WeightsError(f"{name}: no such model or file. Shipped: {known}; or give a path, or OWNER/NAME@REVISION.")


def _find_published(name: str) -> AvailableModel | None:
    """The shipped model of that name. Raises WeightsError where the manifest is needed and cannot be read."""
    try:
        return next((entry for entry in published_models() if entry.name == name), None)
    except WeightsError:
        if is_repository(name) or path_exists(Path(name)):
            return None
        raise


def is_repository(name: str) -> bool:
    """Whether a name is that of a Hub repository at a revision: OWNER/NAME@REVISION."""
    return re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", name) is not None


def path_exists(path: Path) -> bool:
    """Whether a path is there; false, too, for one that cannot be asked."""
    try:
        return path.exists()
    except OSError:  # a name too long, a folder that may not be searched
        return False


def verify_model(model: AvailableModel) -> bytes:
    """The bytes of a shipped model with weights, if they are the published ones. Raises WeightsError."""
    if model.path is None:
        raise WeightsError(f"{model.name}: has no weights to verify.")
    data = read_weights(model.path)
    if hashlib.sha256(data).hexdigest() != model.sha256:
        raise WeightsError(
            f"{model.path}: not the published weights of {model.name} (wrong sha256). Install vecstack again."
        )
    return data


def read_weights(path: Path) -> bytes:
    """The bytes of a weights file. Raises WeightsError."""
    try:
        if not path.is_file():
            raise WeightsError(f"{path}: no such weights file. `vecstack models list` shows the shipped ones.")
        if path.stat().st_size > MAX_BYTES:
            raise WeightsError(f"{path}: larger than {MAX_BYTES >> 20} MiB, not weights of this program.")
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror}).") from error


def fetch_weights(name: str) -> Path:
    """The weights of a Hub repository at one revision, from the cache or the network, their bytes checked
    against the sha256 that the Hub keeps large files under. Raises WeightsError: no such repository, no sha256 to
    check against, other bytes."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository, revision = name.split("@")
    try:
        try:
            path = Path(hf_hub_download(repository, MODEL_FILE, revision=revision, local_files_only=True))
        except LocalEntryNotFoundError:
            path = Path(hf_hub_download(repository, MODEL_FILE, revision=revision))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise WeightsError(
            f"{name}: cannot be fetched from the Hub ({reason}). Check the name, or the network."
        ) from error
    blob = path.resolve()
    if not re.fullmatch(r"[0-9a-f]{64}", blob.name):
        raise WeightsError(
            f"{name}: no sha256 is known to verify {MODEL_FILE} by. The repository must keep it as a large file (LFS)."
        )
    if hashlib.sha256(read_weights(blob)).hexdigest() != blob.name:
        blob.unlink()
        raise WeightsError(f"{name}: the download is damaged and was deleted. Run the command again.")
    return path


def read_metadata(data: bytes) -> Any:
    """What the metadata of a weights file says, parsed. Raises ValueError, KeyError, TypeError."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(json.loads(data[8 : 8 + length])["__metadata__"][METADATA_KEY])


def _kind_of_weights(data: bytes, where: str) -> tuple[Kind[Layer], Any]:
    """The kind of layer that the weights in a file make, and the sizes of their model. Raises WeightsError, naming
    `where`."""
    try:
        description = read_metadata(data)
        kind_name, sizes = description["kind"], description["sizes"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WeightsError(f"{where}: not a vecstack model. Give weights that `vecstack train` wrote.") from error
    if kind_name == BASELINE:
        raise WeightsError(
            f"{where}: a baseline, which makes pictures and no layers. Give another model; `vecstack evaluate` "
            "measures this one."
        )
    kind = find_kind(kind_name) if isinstance(kind_name, str) else None
    if kind is None:
        raise WeightsError(f"{where}: makes layers of kind {kind_name!r:.40}, which this version does not have.")
    return kind, sizes
