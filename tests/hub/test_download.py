"""Weights of the Hub: from the network once, then from the cache; whatever goes wrong is one line, and mends itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub.fake import COMMIT, NAME, OTHER, Answer, FakeHub
from vecstack.errors import WeightsError
from vecstack.hub.download import fetch_folder, fetch_weights
from vecstack.hub.names import Repository, is_repository, repository_of
from vecstack.models import load_model, published_models

Call = Callable[..., Any]


@pytest.mark.parametrize("name", [NAME, f"{NAME}@main", f"{NAME}@{COMMIT}"])
def test_a_model_comes_from_the_hub_and_then_from_the_cache(hub: FakeHub, name: str) -> None:
    assert load_model(name, "cpu").maker.max_layers == 3
    assert hub.asked
    hub.asked.clear()
    assert load_model(name, "cpu").maker.max_layers == 3
    assert hub.asked == []


def test_a_branch_stays_as_it_was_until_it_is_downloaded_again(hub: FakeHub) -> None:
    first = fetch_weights(NAME)
    hub.commit = OTHER
    assert fetch_weights(NAME) == first
    assert fetch_weights(NAME, refresh=True).parent.name == OTHER
    assert fetch_weights(NAME).parent.name == OTHER


def body_of(request: Answer, change: Callable[[bytes], bytes], sent: int | None = None) -> bool:
    """Answer with a changed body, and cut the connection after so many bytes; what is not a body is answered well."""
    if request.command != "GET" or "/resolve/" not in request.path:
        return False
    file = request.path.rpartition("/")[2]
    request.send(200, change(request.hub.files[file]), request.of_file(file), sent)
    return True


def silent(request: Answer) -> bool:
    """Never answer."""
    request.hub.stopped.wait(0.4)
    request.close_connection = True
    return True


def gone(request: Answer) -> bool:
    """Close the connection without an answer."""
    request.close_connection = True
    return True


def slow_body(request: Answer) -> bool:
    """Send the start of a body, and then nothing for long."""
    if request.command != "GET":
        return False
    return body_of(request, lambda data: data, 100) and silent(request)


def status(code: int, reason: str = "") -> Callable[[Answer], bool]:
    def fault(request: Answer) -> bool:
        request.refuse(code, reason)
        return True

    return fault


FAULTS: dict[str, tuple[Callable[[Answer], bool], str]] = {
    "cut short": (lambda request: body_of(request, lambda data: data[:500]), "the transfer failed"),
    "cut in the middle": (
        lambda request: body_of(request, lambda data: data, 500),
        "the transfer failed",
    ),
    "damaged": (lambda request: body_of(request, lambda data: data[:-1] + b"!"), "was damaged and has been deleted"),
    "slow": (slow_body, "the transfer failed"),
    "silent": (silent, "the transfer failed .*check the network"),
    "gone": (gone, "the transfer failed .*check the network"),
    "broken": (status(500), "the transfer failed"),
    "busy": (status(503), "the transfer failed"),
    "private": (status(401), "hf auth login"),
    "forbidden": (status(403), r"no access \(403\); log in"),
    "gated": (status(403, "GatedRepo"), "accept its terms"),
    "no repository": (status(404, "RepoNotFound"), "folder here, so the Hub was asked: there is no such"),
    "no revision": (status(404, "RevisionNotFound"), "no such revision; check what follows the @"),
    "no file": (status(404, "EntryNotFound"), "has no model.safetensors"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_one_line_and_leaves_nothing(
    hub: FakeHub, vecstack: Call, photo: Path, tmp_path: Path, fault: str
) -> None:
    hub.fault, says = FAULTS[fault]
    out = tmp_path / "photo.layers"
    result = vecstack("decompose", photo, "--model", NAME, "--effort", "sketch", "-o", out)
    assert result.code == 6, result.err
    assert len(result.err.splitlines()) == 1, result.err
    with pytest.raises(WeightsError, match=says):
        fetch_weights(NAME)
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and path.parent.name == "blobs"]
    assert files == []
    assert not out.exists()
    hub.fault = lambda _: False
    assert load_model(NAME, "cpu").maker.max_layers == 3


def test_a_wrong_revision_is_named(hub: FakeHub) -> None:
    with pytest.raises(WeightsError, match=f"{NAME}@{OTHER}: the repository has no such revision"):
        fetch_weights(f"{NAME}@{OTHER}")


def test_another_repository_is_named(hub: FakeHub) -> None:
    with pytest.raises(
        WeightsError, match=r"^owner/other: no such file or folder here, so the Hub was asked: there is no"
    ):
        load_model("owner/other", "cpu")


def test_a_file_that_the_hub_keeps_without_a_sha256_is_refused(hub: FakeHub) -> None:
    hub.etags["model.safetensors"] = "d" * 40  # a git blob's
    with pytest.raises(WeightsError, match=r"no sha256.*large file \(LFS\)"):
        fetch_weights(NAME)


def test_a_cache_that_is_full_says_so(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("huggingface_hub.file_download._download_to_tmp_and_move", full)
    with pytest.raises(WeightsError, match=r"kept in the cache \(No space left on device\); free some space"):
        fetch_weights(NAME)


def test_a_hub_that_is_not_there_is_a_fault_of_the_network(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE",
        "http://127.0.0.1:9/{repo_id}/resolve/{revision}/{filename}",
    )
    with pytest.raises(WeightsError, match=r"the transfer failed \(.*refused.*\); check the network and try again"):
        fetch_weights(NAME)


@pytest.mark.parametrize("how", ["option", "variable"])
def test_nothing_is_fetched_offline(
    hub: FakeHub, vecstack: Call, photo: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    words = ["decompose", photo, "--model", NAME, "--effort", "sketch", "--overwrite"]
    if how == "option":
        words.append("--offline")
    else:
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    result = vecstack(*words)
    assert result.code == 6
    said = f"{NAME}: no such file or folder here, not in the cache of the Hub, and nothing is fetched offline; check"
    assert f"{said} the name, or get it with `vecstack models download {NAME}`" in result.err
    assert hub.asked == []
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    fetch_weights(NAME)
    hub.asked.clear()
    assert vecstack(*words).code == 0
    assert hub.asked == []


def test_a_folder_of_nets_is_verified(hub: FakeHub) -> None:
    hub.files |= {"unet/model.safetensors": b"two", "net.bin": b"pickled"}
    folder = fetch_folder(f"{NAME}@{COMMIT}")
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"model.safetensors", "unet/model.safetensors", "config.json"}
    blob = (folder / "unet" / "model.safetensors").resolve()
    blob.write_bytes(b"twO")
    with pytest.raises(WeightsError, match="was damaged and has been deleted"):
        fetch_folder(f"{NAME}@{COMMIT}")
    assert not blob.exists()
    assert fetch_folder(f"{NAME}@{COMMIT}") == folder
    with pytest.raises(WeightsError, match="no such repository"):
        fetch_folder(f"owner/other@{COMMIT}")


def test_a_folder_is_found_offline(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(WeightsError, match="nothing is fetched offline"):
        fetch_folder(NAME)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    folder = fetch_folder(NAME)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub.asked.clear()
    assert fetch_folder(NAME) == folder
    assert hub.asked == []


@pytest.fixture
def _broken_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("vecstack.models.weights_folder", lambda: tmp_path / "no weights here")
    published_models.cache_clear()
    yield
    published_models.cache_clear()


@pytest.mark.usefixtures("_broken_manifest")
def test_a_repository_needs_no_manifest(hub: FakeHub) -> None:
    assert load_model(NAME, "cpu").maker.max_layers == 3


@pytest.mark.parametrize(
    ("text", "repository"),
    [
        ("a/b", Repository("a/b")),
        ("a/b@main", Repository("a/b", "main")),
        ("A-1/b.c_d@v1.0/x", Repository("A-1/b.c_d", "v1.0/x")),
        ("a/b/c", None),
        ("a", None),
        ("./a", None),
        ("/a/b", None),
        ("a/..", None),
        ("../a", None),
        ("a/b@", None),
        ("a/b@../../x", None),
        ("a/b--c", None),
        ("runs/model.safetensors", None),
        ("a/b\n", None),
        ("a/b@main\n", None),
        ("é/b", None),
    ],
)
def test_names_of_repositories(text: str, repository: Repository | None) -> None:
    assert repository_of(text) == repository


def test_a_folder_here_comes_before_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_repository("runs/mine")
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    assert not is_repository("runs/mine")
    assert is_repository("runs/mine@main")
