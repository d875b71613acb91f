"""Models by name or path: finding their weights, and checking that shipped ones are the published ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from vecstack.errors import WeightsError
from vecstack.hub.download import MODEL_FILE, cached_weights, fetch_weights
from vecstack.hub.names import is_repository, path_exists, repository_of
from vecstack.kinds import find_kind, kind_names
from vecstack.kinds.weights import BASELINE, ENHANCER, GENERATOR, MODEL, describe

if TYPE_CHECKING:
    from vecstack.kinds.base import Generates, Kind, Maker
    from vecstack.stack import Layer

MAX_BYTES = 1 << 30  # of a weights file
DEFAULT_MODEL, DEFAULT_ENHANCER = "photos", "photos-detail"
# What a model of each use does, and the verb that takes it.
USES = {
    MODEL: ("makes layers of pictures", "decompose"),
    BASELINE: ("a baseline, which makes pictures and no layers", "evaluate"),
    GENERATOR: ("makes layers of noise", "generate"),
    ENHANCER: ("adds detail to layers that are there", "enhance"),
}


@dataclass(frozen=True)
class AvailableModel:
    """A model that ships with the program: its name, what it is good for, the kind of layer that it makes, and, of one
    with weights, their sha256 (from weights/manifest.json) and their path. `use` is MODEL of one that makes layers of
    pictures, GENERATOR of one that makes them of noise, ENHANCER of one that adds detail to layers of that kind."""

    name: str
    description: str
    kind: str
    sha256: str | None = None
    path: Path | None = None
    use: str = MODEL


@dataclass(frozen=True)
class Model:
    """A maker of layers, the name it was asked for by, the kind of layer that it makes, and the sha256 of its weights
    file, where it has one."""

    name: str
    maker: Maker
    kind: str
    sha256: str | None = None


def weights_folder() -> Path:
    """The folder of the shipped weights: in the package where it is installed, beside it in a checkout."""
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
            AvailableModel(
                name,
                entry["description"],
                entry["kind"],
                entry["sha256"],
                folder / name / MODEL_FILE,
                entry.get("use", MODEL),
            )
            for name, entry in sorted(entries.items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{manifest}: cannot be read ({error}); install vecstack again.") from error


def painting_styles() -> tuple[str, ...]:
    """The names of the models that are styles of painting, the usual one first."""
    kinds = (find_kind(name) for name in kind_names())
    return tuple(name for kind in kinds if kind for name, entry in kind.makers.items() if entry.is_style)


def _makers_without_weights() -> Iterator[AvailableModel]:
    for kind_name in kind_names():
        kind = find_kind(kind_name)
        for name, entry in (kind.makers if kind else {}).items():
            yield AvailableModel(name, entry.description, kind_name)


@dataclass(frozen=True)
class NoiseModel:
    """What makes layers of noise, the name it was asked for by, and the sha256 of its weights file."""

    name: str
    generates: Generates
    sha256: str


def load_model(model: str | Path = DEFAULT_MODEL, device: str = "auto") -> Model:
    """The model of a shipped name, of a path to a weights file (or its folder), or of a Hub repository written as
    OWNER/NAME or OWNER/NAME@REVISION (a branch, a tag or a commit), from the cache or the network, checked against the
    lock that is in force (docs/security.md). Raises WeightsError: no such model, not the published or locked bytes, or
    not a model; DeviceError."""
    from vecstack.device import resolve_device

    chosen = resolve_device(device)
    kind = _kind_of_maker(str(model))
    if kind is not None:
        return Model(str(model), kind.makers[str(model)].open(chosen), kind.name)
    name, data = find_weights(model, [entry.name for entry in _makers_without_weights()])
    described = describe(data, str(model))
    check_use(model, described.table, MODEL)
    try:
        maker = described.kind.load_maker(data, described.sizes, chosen)
    except WeightsError as error:
        raise WeightsError(f"{model}: {error}") from error
    return Model(name, maker, described.kind.name, hashlib.sha256(data).hexdigest())


def load_generator(model: str | Path, device: str = "auto") -> NoiseModel:
    """The generator of a name, path or Hub repository, found and checked as `load_model` does. Raises WeightsError: no
    such model, or one that is no generator; DeviceError."""
    from vecstack.device import resolve_device

    chosen = resolve_device(device)
    if _kind_of_maker(str(model)) is not None:
        check_use(model, MODEL, GENERATOR)
    name, data = find_weights(model, use=GENERATOR)
    described = describe(data, str(model))
    check_use(model, described.table, GENERATOR)
    try:
        generates = described.kind.load_generator(data, described.sizes, chosen)
    except WeightsError as error:
        raise WeightsError(f"{model}: {error}") from error
    return NoiseModel(name, generates, hashlib.sha256(data).hexdigest())


def check_use(model: str | Path, found: str, wanted: str) -> None:
    """Raise WeightsError for a model that is found to be for another use than is wanted: it says which are for that,
    and what takes this one."""
    if found == wanted:
        return
    does, verb = USES[found]
    *names, last = (entry.name for entry in published_models() if entry.use == wanted)
    others = f"{', '.join(names)} or {last}" if names else last
    raise WeightsError(f"{model}: {does}; use {others}, or `vecstack {verb}` with this model.")


def _kind_of_maker(name: str) -> Kind[Layer] | None:
    """The kind that has a maker of that name without weights."""
    kinds = (find_kind(kind_name) for kind_name in kind_names())
    return next((kind for kind in kinds if kind is not None and name in kind.makers), None)


def find_weights(model: str | Path, others: Sequence[str] = (), use: str = MODEL) -> tuple[str, bytes]:
    """The name and the weights file's bytes of a model, given as for `load_model`. Raises WeightsError, which names the
    shipped models of that use and `others`, names that would do as well."""
    name, path = str(model), Path(model)
    if published := _find_published(name):
        return name, verify_model(published)
    if is_repository(name):
        return name, read_weights(fetch_weights(name))
    if path_exists(path):
        data = read_weights(path / MODEL_FILE if path.is_dir() else path)
        return (path if path.is_dir() else path.parent).resolve().name if path.name == MODEL_FILE else path.stem, data
    known = [*(entry.name for entry in published_models() if entry.use == use), *others, "a path"]
    raise WeightsError(f"{name}: no such model or file; use {', '.join(known)}, or a repository, OWNER/NAME.")


def _find_published(name: str) -> AvailableModel | None:
    """The shipped model of that name. Raises WeightsError where the manifest is needed and cannot be read."""
    try:
        return next((entry for entry in published_models() if entry.name == name), None)
    except WeightsError:
        if is_repository(name) or path_exists(Path(name)):
            return None
        raise


def local_weights(name: str) -> Path:
    """The path of the weights file of a shipped model, or of a repository in the cache of the Hub, which is checked.
    Raises WeightsError: no such name, or not in the cache."""
    published = _find_published(name)
    if published is not None and published.path is not None:
        return published.path
    if repository_of(name) is None:
        known = ", ".join(entry.name for entry in published_models())
        raise WeightsError(f"{name}: no such model with weights; use {known}, or a repository, OWNER/NAME.")
    return cached_weights(name)


def verify_model(model: AvailableModel) -> bytes:
    """The bytes of a shipped model with weights, if they are the published ones. Raises WeightsError."""
    if model.path is None:
        raise WeightsError(f"{model.name}: has no weights to verify.")
    data = read_weights(model.path)
    if hashlib.sha256(data).hexdigest() != model.sha256:
        raise WeightsError(
            f"{model.path}: not the published weights of {model.name} (wrong sha256); install vecstack again."
        )
    return data


def read_weights(path: Path) -> bytes:
    """The bytes of a weights file. Raises WeightsError."""
    try:
        if not path.is_file():
            raise WeightsError(f"{path}: no such weights file; `vecstack models list` shows the shipped models.")
        if path.stat().st_size > MAX_BYTES:
            raise WeightsError(f"{path}: larger than {MAX_BYTES >> 20} MiB, not weights of vecstack; check the path.")
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror}); check the path.") from error
