"""Models of Hub repositories that are in the cache, and pins of what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vecstack.errors import WeightsError
from vecstack.hub.download import MODEL_FILE, fetch_weights, files_of, sha256_of
from vecstack.hub.lock import Lock, Pin, read_lock, write_lock
from vecstack.hub.names import Repository, repository_of
from vecstack.kinds.weights import read_metadata

HEADER_BYTES = 1 << 20  # of a weights file, more than its metadata


@dataclass(frozen=True)
class CachedModel:
    """A model of vecstack in the cache of the Hub: its repository at a commit, and the path of its weights file."""

    repository: Repository
    path: Path


def cached_models() -> tuple[CachedModel, ...]:
    """The models of vecstack in the cache, by name and commit."""
    from huggingface_hub import CacheNotFound, constants, scan_cache_dir

    try:
        repositories = scan_cache_dir(constants.HF_HUB_CACHE).repos
    except CacheNotFound:
        return ()
    found = [
        CachedModel(Repository(repository.repo_id, revision.commit_hash), file.file_path)
        for repository in repositories
        for revision in repository.revisions
        for file in revision.files
        if file.file_name == MODEL_FILE and _is_model(file.file_path)
    ]
    return tuple(sorted(found, key=lambda model: str(model.repository)))


def _is_model(path: Path) -> bool:
    """Whether a weights file says that this program wrote it."""
    try:
        with path.open("rb") as file:
            read_metadata(file.read(HEADER_BYTES))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False
    return True


def lock_models(path: Path, names: Sequence[str]) -> Lock:
    """Write pins of repositories (OWNER/NAME or OWNER/NAME@REVISION, fetched where they are not in the cache) into a
    lock file, which keeps its other pins, and give the lock. Raises WeightsError, ExportError."""
    pins = dict(read_lock(path).pins) if path.exists() else {}
    for name in names:
        repository = repository_of(name)
        if repository is None:
            raise WeightsError(f"{name}: not a repository of the Hub; write it as OWNER/NAME or OWNER/NAME@REVISION.")
        pins[repository.name] = pin_of(name)
    pins = dict(sorted(pins.items()))
    write_lock(path, pins)
    return Lock(path, pins)


def pin_of(name: str) -> Pin:
    """The commit of a repository that its name stands for, and the sha256 of each file of it that is in the cache and
    that this program may load. Raises WeightsError."""
    folder = fetch_weights(name, is_locked=False).parent
    return Pin(folder.name, {path.relative_to(folder).as_posix(): sha256_of(path) for path in files_of(folder)})
