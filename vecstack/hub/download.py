"""Weights of a Hub repository: from the cache, else from the network, and checked before they are used."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from vecstack.errors import VecstackError, WeightsError
from vecstack.hub.lock import Lock, lock_in_force
from vecstack.hub.names import NOT_HERE, Repository, repository_of

MODEL_FILE = "model.safetensors"
# Of a model of one net, or of several in folders of their own: weights that cannot run code, and settings.
FOLDER_FILES = [MODEL_FILE, f"*/{MODEL_FILE}", "*/diffusion_pytorch_model.safetensors", "*.json", "*.txt"]
UNUSED_FILES = ["safety_checker/*"]
OFFLINE = "HF_HUB_OFFLINE"  # environment variable of the Hub's own library; `--offline` sets it
BLOCK = 1 << 20  # bytes that are read at once
OF_FILES = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}  # and not of connections
LOG_IN = "log in with `hf auth login`"


def is_offline() -> bool:
    """Whether nothing may be fetched."""
    return os.environ.get(OFFLINE, "").upper() in {"1", "ON", "YES", "TRUE"}


def fetch_weights(name: str, *, refresh: bool = False, is_locked: bool = True) -> Path:
    """The path of the weights file of a repository, OWNER/NAME or OWNER/NAME@REVISION: from the cache, else, unless
    this program is offline, from the network; with `refresh` the Hub is asked first for what a branch is now. The bytes
    are checked against the sha256 under which the Hub stores them and, where `is_locked`, against the lock that is in
    force. Raises WeightsError: no such repository, revision or file, no access, no network, no sha256, other bytes."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    repository, lock, revision = _wanted(name, is_locked)
    with talking(name, _asked(repository)):
        try:
            if refresh and not is_offline():
                raise LocalEntryNotFoundError("to be asked for anew")
            found = hf_hub_download(repository.name, MODEL_FILE, revision=revision, local_files_only=True)
        except LocalEntryNotFoundError:
            _check_online(repository)
            found = hf_hub_download(repository.name, MODEL_FILE, revision=revision)
    path = Path(found)
    verify(repository, path, MODEL_FILE, lock)
    return path


def cached_weights(name: str) -> Path:
    """The path of the weights file of a repository in the cache, checked as `fetch_weights` does; nothing is fetched.
    Raises WeightsError, also where it is not there."""
    from huggingface_hub import try_to_load_from_cache

    repository, lock, revision = _wanted(name)
    found = try_to_load_from_cache(repository.name, MODEL_FILE, revision=revision)
    if not isinstance(found, str):
        raise WeightsError(f"{name}: not in the cache; get it with `vecstack models download {name}`.")
    verify(repository, Path(found), MODEL_FILE, lock)
    return Path(found)


def fetch_folder(name: str) -> Path:
    """The folder of a repository, with its settings and its weights as safetensors, from the cache or the network,
    checked as `fetch_weights` does. Raises WeightsError."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    repository, lock, revision = _wanted(name)
    with talking(name, _asked(repository)):
        try:
            found = snapshot_download(
                repository.name,
                revision=revision,
                allow_patterns=FOLDER_FILES,
                ignore_patterns=UNUSED_FILES,
                local_files_only=is_offline(),
            )
        except LocalEntryNotFoundError:
            _check_online(repository)
            raise
    folder = Path(found)
    for path in files_of(folder):
        inside = path.relative_to(folder).as_posix()
        if path.suffix == ".safetensors" or (lock and inside in lock.pins[repository.name].files):
            verify(repository, path, inside, lock)
    return folder


def files_of(folder: Path) -> list[Path]:
    """The files of a repository in the cache that this program may load, whatever others have fetched into it."""
    every = ((path, path.relative_to(folder).as_posix()) for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path, inside in every if _matches(inside, FOLDER_FILES) and not _matches(inside, UNUSED_FILES)]


def _matches(inside: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch(inside, pattern) for pattern in patterns)


def _wanted(name: str, is_locked: bool = True) -> tuple[Repository, Lock | None, str | None]:
    """The repository of a name, the lock in force where `is_locked`, and the revision that is to be used. Raises
    WeightsError."""
    repository = repository_of(name)
    if repository is None:
        raise WeightsError(f"{name}: not a repository of the Hub; write it as OWNER/NAME or OWNER/NAME@REVISION.")
    lock = lock_in_force() if is_locked else None
    return repository, lock, lock.pin_of(repository).revision if lock else repository.revision


def _asked(repository: Repository) -> str:
    """What to say before what the Hub answers: why it was asked."""
    return f"{NOT_HERE}, so the Hub was asked: " if repository.is_missed_path else ""


def _check_online(repository: Repository) -> None:
    """Raise WeightsError where nothing may be fetched."""
    if is_offline():
        where = f"{NOT_HERE}, not in the cache of the Hub" if repository.is_missed_path else "not in the cache"
        raise WeightsError(
            f"{repository}: {where}, and nothing is fetched offline; check the name, or get it with "
            f"`vecstack models download {repository}`, without --offline and {OFFLINE}."
        )


@contextmanager
def talking(name: str, why: str = "") -> Iterator[None]:
    """Raises WeightsError in place of what talking to the Hub raises, in words that say what to do, after those that
    say `why` it was asked; what its library would log of the tries before is not said, and bars are for terminals.
    Connections and storages raise exceptions of their own libraries, so no list of classes would be complete."""
    from huggingface_hub import utils

    library: Any = utils  # parts of it have no types
    before, has_bars = library.logging.get_verbosity(), not library.are_progress_bars_disabled()
    library.logging.set_verbosity(logging.CRITICAL)
    if has_bars and not (sys.stderr and sys.stderr.isatty()):
        library.disable_progress_bars()
    try:
        yield
    except VecstackError:
        raise
    except Exception as error:
        raise WeightsError(f"{name}: {why}{_complaint(error)}") from error
    finally:
        library.logging.set_verbosity(before)
        if has_bars:
            library.enable_progress_bars()


def _complaint(error: Exception) -> str:
    """What is wrong with a request to the Hub, and what to do."""
    from huggingface_hub import errors

    cause: BaseException = error
    while cause.__cause__ and not isinstance(cause, errors.HfHubHTTPError):
        cause = cause.__cause__
    status = getattr(getattr(cause, "response", None), "status_code", None)
    if isinstance(cause, errors.GatedRepoError):
        return f"the Hub asks to accept its terms first; do so on its page, then {LOG_IN}."
    if isinstance(cause, errors.RepositoryNotFoundError):
        return f"there is no such repository; check the name, or {LOG_IN} if it is private."
    if isinstance(cause, errors.RevisionNotFoundError):
        return "the repository has no such revision; check what follows the @."
    if isinstance(cause, errors.EntryNotFoundError) and not isinstance(cause, errors.LocalEntryNotFoundError):
        return f"the repository has no {MODEL_FILE}; it holds no model of vecstack."
    if status in (401, 403):
        return f"the Hub gives no access ({status}); {LOG_IN}."
    reason = next(iter(str(cause).strip().splitlines()), "") or type(cause).__name__
    if isinstance(cause, OSError) and cause.errno in OF_FILES:
        return f"cannot be kept in the cache ({cause.strerror}); free some space, or set HF_HOME to another folder."
    return f"the transfer failed ({reason:.200}); check the network and try again."


def verify(repository: Repository, path: Path, inside: str, lock: Lock | None) -> None:
    """Check a file of a repository in the cache, called `inside` there, against the sha256 that it is stored under and
    that the lock has. A damaged one is deleted, so that it is fetched again. Raises WeightsError."""
    pinned = lock.pin_of(repository).files.get(inside) if lock else None
    if lock and pinned is None:
        raise WeightsError(
            f"{repository}: {lock.path} has no sha256 of {inside}; lock it again with "
            f"`vecstack models lock --model {repository}`."
        )
    blob = path.resolve()
    stored = blob.name if re.fullmatch(r"[0-9a-f]{64}", blob.name) else pinned
    if stored is None:
        raise WeightsError(
            f"{repository}: there is no sha256 to verify {path.name}; the repository must store it as a large file "
            "(LFS)."
        )
    digest = sha256_of(blob)
    if digest not in (stored, pinned):
        blob.unlink()
        raise WeightsError(f"{repository}: the download was damaged and has been deleted; try again.")
    if pinned is not None and digest != pinned:
        raise WeightsError(
            f"{repository}: {inside} is not what {lock and lock.path} locks (sha256 {digest[:12]}, not {pinned[:12]}); "
            "do not use it unless you know why it changed."
        )


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
