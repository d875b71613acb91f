"""A lock decides which bytes of the Hub are loaded, each time they are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hub.fake import COMMIT, NAME, OTHER, FakeHub
from vecstack.errors import WeightsError
from vecstack.hub.download import cached_weights, fetch_folder, fetch_weights
from vecstack.hub.lock import read_lock
from vecstack.models import load_model

Call = Callable[..., Any]
LOCK = Path("vecstack.lock")


@pytest.fixture
def locked(hub: FakeHub, vecstack: Call) -> FakeHub:
    """A Hub whose model is locked in the working folder."""
    assert vecstack("models", "lock", "--model", NAME).out == f"{NAME}@{COMMIT}\n"
    return hub


def test_a_lock_says_the_commit_and_the_sha256(locked: FakeHub) -> None:
    digest = hashlib.sha256(locked.files["model.safetensors"]).hexdigest()
    assert json.loads(LOCK.read_text()) == {
        "format": "vecstack-lock",
        "version": 1,
        "models": {NAME: {"revision": COMMIT, "files": {"model.safetensors": digest}}},
    }


@pytest.mark.parametrize("name", [NAME, f"{NAME}@main", f"{NAME}@{COMMIT}"])
def test_what_is_locked_is_loaded_wherever_its_branch_has_gone(locked: FakeHub, name: str) -> None:
    locked.commit = OTHER
    assert load_model(name, "cpu").maker.max_layers == 3
    assert cached_weights(name).parent.name == COMMIT


def test_another_commit_than_the_locked_one_is_refused(locked: FakeHub) -> None:
    with pytest.raises(WeightsError, match=r"vecstack\.lock locks commit aaaaaaaaaaaa; leave the revision out"):
        load_model(f"{NAME}@{OTHER}", "cpu")


def test_what_is_not_locked_is_refused(locked: FakeHub) -> None:
    with pytest.raises(
        WeightsError, match=r"other/one: no such file or folder here, and not in vecstack\.lock.*--model other/one`"
    ):
        load_model("other/one", "cpu")


def test_other_bytes_than_the_locked_ones_are_refused(locked: FakeHub, tmp_path: Path) -> None:
    """A Hub that gives other bytes under the same commit, with a sha256 that fits them."""
    data = locked.files["model.safetensors"]
    locked.files["model.safetensors"] = data[:-1] + bytes([data[-1] ^ 1])
    for path in sorted((tmp_path / "cache").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for _ in range(2):
        with pytest.raises(WeightsError, match=r"model\.safetensors is not what vecstack\.lock locks \(sha256 "):
            fetch_weights(NAME)


def test_bytes_that_change_in_the_cache_are_deleted_and_fetched_again(locked: FakeHub) -> None:
    blob = fetch_weights(NAME).resolve()
    blob.write_bytes(blob.read_bytes()[:-1] + b"!")
    with pytest.raises(WeightsError, match="was damaged and has been deleted"):
        load_model(NAME, "cpu")
    assert load_model(NAME, "cpu").maker.max_layers == 3


def test_what_others_have_fetched_into_a_locked_folder_is_no_matter(locked: FakeHub) -> None:
    folder = fetch_folder(NAME)
    for other in ("safety_checker/model.safetensors", "unet/model.fp16.safetensors", "net.bin"):
        (folder / other).parent.mkdir(exist_ok=True)
        (folder / other).write_bytes(b"of others")
    assert fetch_folder(NAME) == folder


def test_a_lock_can_be_named(hub: FakeHub, vecstack: Call, photo: Path, tmp_path: Path) -> None:
    file = tmp_path / "team.lock"
    assert vecstack("models", "lock", file, "--model", NAME).code == 0
    words = ["decompose", photo, "--model", NAME, "--effort", "sketch", "-o", tmp_path / "x.layers", "--overwrite"]
    assert vecstack(*words, "--lock", file).code == 0
    assert vecstack(f"--lock={file}", *words).code == 0
    text = file.read_text().replace(
        json.loads(file.read_text())["models"][NAME]["files"]["model.safetensors"], "0" * 64
    )
    file.write_text(text)
    result = vecstack(*words, "--lock", file)
    assert (result.code, len(result.err.splitlines())) == (6, 1)
    assert "team.lock locks" in result.err
    assert vecstack(*words).code == 0  # no lock is in force


def test_all_that_is_cached_is_locked_and_other_pins_are_kept(hub: FakeHub, vecstack: Call) -> None:
    other = {"revision": OTHER, "files": {"model.safetensors": "1" * 64}}
    LOCK.write_text(json.dumps({"format": "vecstack-lock", "version": 1, "models": {"z/other": other}}))
    empty = vecstack("models", "lock", "--model", "nothing")
    assert (empty.code, "not a repository of the Hub" in empty.err) == (6, True)
    none = vecstack("models", "lock")
    assert (none.code, "name one with --model OWNER/NAME" in none.err) == (2, True)
    assert vecstack("models", "lock", "elsewhere.lock", "--model", NAME).code == 0
    assert vecstack("models", "lock").out == f"{NAME}@{COMMIT}\nz/other@{OTHER}\n"
    assert set(read_lock(LOCK).pins) == {NAME, "z/other"}


def test_the_nets_of_a_folder_must_be_locked(locked: FakeHub, vecstack: Call) -> None:
    locked.files["unet/model.safetensors"] = b"two"
    with pytest.raises(WeightsError, match=r"no sha256 of unet/model\.safetensors; lock it again"):
        fetch_folder(NAME)
    assert vecstack("models", "lock", "--model", NAME).code == 0
    assert set(read_lock(LOCK).pins[NAME].files) == {"model.safetensors", "unet/model.safetensors", "config.json"}
    folder = fetch_folder(NAME)
    (folder / "config.json").resolve().write_text("[]")
    with pytest.raises(WeightsError, match="was damaged"):
        fetch_folder(NAME)


START = '{"format": "vecstack-lock", "version": 1, "models": '
DAMAGED = {
    "empty": "",
    "no JSON": "[models]",
    "a list": "[]",
    "another format": '{"format": "poetry", "version": 1, "models": {}}',
    "another version": '{"format": "vecstack-lock", "version": 2, "models": {}}',
    "no models": '{"format": "vecstack-lock", "version": 1}',
    "deep": "[" * 100_000,
    "a branch": START + '{"a/b": {"revision": "main", "files": {"m": "0"}}}}',
    "no sha256": START + f'{{"a/b": {{"revision": "{COMMIT}", "files": {{"m": "0"}}}}}}}}',
    "no files": START + f'{{"a/b": {{"revision": "{COMMIT}", "files": {{}}}}}}}}',
    "numbers": START + '{"a/b": {"revision": 5, "files": {"m": 5}}}}',
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_lock_is_refused(hub: FakeHub, name: str) -> None:
    LOCK.write_text(DAMAGED[name])
    with pytest.raises(WeightsError, match=r"^vecstack\.lock: not a lock of this version.*`vecstack models lock`"):
        load_model(NAME, "cpu")
    assert hub.asked == []


def test_a_lock_that_is_missing_is_named(hub: FakeHub, vecstack: Call, photo: Path) -> None:
    result = vecstack("decompose", photo, "--model", NAME, "--lock", "none.lock")
    assert (result.code, result.out) == (6, "")
    assert "none.lock: the lock cannot be read (No such file or directory); check its name" in result.err
    assert vecstack("decompose", photo, "--lock").code == 2
    assert hub.asked == []
