"""Models by name or path: where weights are found, and whether they are the published ones."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from vecstack.errors import WeightsError
from vecstack.kinds.weights import BASELINE, describe

if TYPE_CHECKING:
    import torch

    from vecstack.kinds.base import Maker

MODEL_FILE = "model.safetensors"
MAX_BYTES = 1 << 30
DEFAULT_MODEL = "photos"


@dataclass(frozen=True)
class Published:
    """A model that ships with the program, as the manifest (weights/manifest.json) describes it."""

    name: str
    sha256: str
    description: str
    path: Path


@dataclass(frozen=True)
class Model:
    """A maker of layers, the name it was asked for by, and the sha256 of its weights file."""

    name: str
    sha256: str
    maker: Maker


def weights_folder() -> Path:
    """The folder of the shipped weights: inside an installed package, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "weights"
    return inside if inside.is_dir() else package.parent / "weights"


@cache
def available_models() -> tuple[Published, ...]:
    """The models that ship with the program. Raises WeightsError where the manifest is missing or damaged."""
    folder = weights_folder()
    manifest = folder / "manifest.json"
    try:
        entries = json.loads(manifest.read_text(encoding="utf-8"))
        return tuple(
            Published(name, entry["sha256"], entry["description"], folder / name / MODEL_FILE)
            for name, entry in sorted(entries.items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{manifest}: cannot be read ({error}). Install vecstack again.") from error


def load_model(model: str | Path = DEFAULT_MODEL, device: str = "auto") -> Model:
    """The model of a shipped name, of a path to a weights file (or its folder), or of a Hub repository as
    OWNER/NAME@REVISION with a revision of 40 hexadecimal digits. Raises WeightsError: no such model, not the
    published bytes, or not a model; DeviceError."""
    from vecstack.device import resolve_device

    chosen = resolve_device(device)
    name, data = find_weights(model)
    return Model(name, hashlib.sha256(data).hexdigest(), _maker(data, str(model), chosen))


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


def _find_published(name: str) -> Published | None:
    """The shipped model of that name. Raises WeightsError where the manifest is needed and cannot be read."""
    try:
        return next((entry for entry in available_models() if entry.name == name), None)
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


def verify_model(model: Published) -> bytes:
    """The bytes of a shipped model, if they are the published ones. Raises WeightsError."""
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


def _maker(data: bytes, where: str, device: torch.device) -> Maker:
    """The maker in the bytes of a weights file. Raises WeightsError, naming `where`."""
    description = describe(data, where)
    if description.table == BASELINE:
        raise WeightsError(
            f"{where}: a baseline, which makes pictures and no layers. Give another model; `vecstack evaluate` "
            "measures this one."
        )
    try:
        return description.kind.maker(data, description.sizes, device)
    except WeightsError as error:
        raise WeightsError(f"{where}: {error}") from error
