"""Runs whose inputs and outputs lie in stores: in memory, and in S3 as a server of this machine speaks it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.batch.conftest import Call, tree
from tests.cli.conftest import vecstack  # noqa: F401
from vecstack.batch import digests, manifest, state
from vecstack.batch.manifest import read_manifests
from vecstack.batch.places import files_below, joined, place

needs_stores = pytest.mark.skipif(find_spec("upath") is None, reason="not installed: pip install '.[stores]'")
HAS_S3 = all(map(find_spec, ("s3fs", "moto", "flask_cors")))
needs_s3 = pytest.mark.skipif(not HAS_S3, reason="not installed: pip install '.[stores]' 'moto[s3]' flask flask-cors")
pytestmark = needs_stores


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """A bucket of a server of this machine."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        store: Any = place("s3://pictures")
        store.fs.mkdir("pictures")
        yield "s3://pictures"
        server.stop()


@pytest.fixture
def memory() -> Iterator[str]:
    """A folder of the memory of this process."""
    yield "memory://pictures"
    store: Any = place("memory://pictures")
    store.fs.store.clear()


@pytest.fixture(params=["memory", pytest.param("s3", marks=needs_s3)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new folder of each store."""
    return joined(request.getfixturevalue(request.param), tmp_path.name)


def objects(folder: str) -> dict[str, bytes]:
    """What lies in a folder of a store but manifests, by path."""
    start: Any = place(folder)
    start.fs.invalidate_cache()
    names = (name for name in files_below(folder) if not name.startswith("manifest"))
    return {name: place(joined(folder, name)).read_bytes() for name in names}


def test_a_store_gets_what_a_folder_gets(copy: Call, texts: Path, tmp_path: Path, store: str) -> None:
    copy(texts, "-o", tmp_path / "out", "-j", 1)
    result = copy(texts, "-o", store, "-j", 1)
    assert result.code == 7
    assert objects(store) == tree(tmp_path / "out")
    there, here = list(read_manifests(place(store))), list(read_manifests(tmp_path / "out"))
    assert [(r.output, r.status, r.made, r.bytes, r.message) for r in there] == [
        (r.output, r.status, r.made, r.bytes, r.message) for r in here
    ]
    again = copy(texts, "-o", store, "-j", 1, "--resume", "--json")
    assert json.loads(again.out.splitlines()[-1])["summary"]["skipped"] == 38
    refused = copy(texts / "00.txt", texts / "03.txt", "-o", store, "-j", 1)
    assert refused.code == 7
    assert "outputs of all 2 inputs exist (-v names them); use --resume or --skip-existing to leave" in refused.err
    assert copy(texts / "00.txt", texts / "03.txt", "-o", store, "-j", 1, "--overwrite").code == 0


def test_what_is_done_in_a_store_is_not_read_back(
    copy: Call, texts: Path, memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy(texts, "-o", memory, "-j", 1)
    place(f"{memory}/00.out").write_bytes(b"cut")
    (texts / "03.txt").write_text("text 9")
    read: list[str] = []

    def digest_if_any(path: str) -> str:
        read.append(path)
        return digests.digest_if_any(path)

    monkeypatch.setattr(state, "digest_if_any", digest_if_any)
    copy(texts, "-o", memory, "-j", 1, "--resume")
    assert read == [f"{memory}/00.out", f"{memory}/03.out"]
    assert place(f"{memory}/03.out").read_bytes() == b"text 9"


def test_what_a_store_holds_is_worked_on_as_what_a_folder_holds(
    copy: Call, texts: Path, tmp_path: Path, store: str
) -> None:
    for path in texts.rglob("*.txt"):
        place(joined(store, path.relative_to(texts).as_posix())).write_bytes(path.read_bytes())
    place(joined(store, ".hidden.txt")).write_bytes(b"x")
    place(joined(store, "other.md")).write_bytes(b"x")
    copy(texts, "-o", tmp_path / "out", "-j", 1)
    result = copy(store, "-o", tmp_path / "from", "-j", 1)
    assert tree(tmp_path / "from") == tree(tmp_path / "out")
    assert f"vecstack: {store}/27.txt: broken.\n" in result.err
    names = tmp_path / "list.txt"
    names.write_text(f"{store}/00.txt\n{store}/deep/01.txt\n")
    assert copy(f"@{names}", "-o", f"{store}-out", "-j", 1).code == 0
    assert objects(f"{store}-out") == {"00.out": b"text 0", "01.out": b"text 1"}
    assert copy(f"{store}/0*.txt", "-o", tmp_path / "some", "-j", 1, "--dry-run").out.count("make") == 4
    assert copy(f"{store}/00.txt", "-o", f"{store}/one.out").code == 0
    assert place(f"{store}/one.out").read_bytes() == b"text 0"


def test_what_a_run_has_put_and_not_told_stands_if_it_is_the_same(
    copy: Call, texts: Path, tmp_path: Path, memory: str
) -> None:
    copy(texts, "-o", memory, "-j", 1)
    for path in place(memory).glob("manifest*"):
        path.unlink()
    place(f"{memory}/03.out").write_bytes(b"of another")
    result = copy(texts, "-o", memory, "-j", 1, "--resume")
    assert result.code == 7
    assert "outputs of 1 of 40 inputs exist" in result.err
    assert [record.status for record in read_manifests(place(memory))].count("done") == 37
    assert place(f"{memory}/03.out").read_bytes() == b"of another"


def test_manifests_are_put_now_and_then_and_go_on_in_a_next_one(
    copy: Call, texts: Path, memory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "PIECE_BYTES", 5000)
    monkeypatch.setattr(manifest, "TOLD_SECONDS", 0.0)
    copy(texts, "-o", memory, "-j", 1)
    assert len(manifest.manifests_in(place(memory))) > 2
    assert len(list(read_manifests(place(memory)))) == 40
    codes = [copy(texts, "-o", memory, "-j", 1, "--resume", "--shard", f"{part}/2").code for part in (1, 2)]
    assert sorted(codes) == [0, 7]
    assert list(place(memory).glob("manifest-*-of-2-*.jsonl"))


@pytest.mark.parametrize(
    ("output", "told"),
    [
        ("nosuch://bucket/out", "no such kind of store"),
        ("zip://out::s3://bucket/a.zip", "one store within another"),
        pytest.param("s3://nobucket/out", "there is no such file or bucket", marks=needs_s3),
    ],
)
def test_a_store_that_cannot_be_had_is_one_line(
    copy: Call, texts: Path, output: str, told: str, request: pytest.FixtureRequest
) -> None:
    if output.startswith("s3:"):
        request.getfixturevalue("s3")
    result = copy(texts, "-o", output, "-j", 1)
    assert result.code in (2, 4)
    assert (told in result.err.splitlines()[-1], result.err.count("\n")) == (True, 1), result.err


def test_a_url_of_a_file_is_its_path(copy: Call, texts: Path, tmp_path: Path) -> None:
    assert copy(f"file://{texts}/00.txt", f"file://{texts}/03.txt", "-o", f"file://{tmp_path}/out").code == 0
    assert tree(tmp_path / "out").keys() == {"00.out", "03.out"}
    assert next(read_manifests(tmp_path / "out")).input == f"{texts}/00.txt"


@needs_s3
@pytest.mark.slow
def test_a_run_into_s3_that_is_killed_is_gone_on_with(texts: Path, tmp_path: Path, s3: str) -> None:
    store, waiting = f"{s3}/killed", texts / "09.txt"
    text = waiting.read_text()
    waiting.write_text("wait")
    command = [sys.executable, "-m", "tests.batch.program", "copy", str(texts), "-o", store, "-j", "1", "--resume"]
    run = subprocess.Popen(command, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not Path(f"{waiting}.waits").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    waiting.write_text(text)
    last = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (last.returncode, last.stderr.count("broken.")) == (7, 2), last.stderr
    found = objects(store)
    assert len(found) == 38
    assert found["09.out"] == text.encode()


def test_what_lies_beside_a_file_by_its_path_is_not_put_into_a_store(
    vecstack: Call,  # noqa: F811
    photo: Path,
    tmp_path: Path,
) -> None:
    shared = vecstack("decompose", photo, "-o", "memory://out/", "--assets", tmp_path / "nets")
    assert (shared.code, "--assets is for files on this machine" in shared.err) == (2, True)
    vecstack("decompose", photo, "--model", "paths", "--effort", "sketch", "--layers", "2", "-o", tmp_path / "a.layers")
    folder = vecstack("export", tmp_path / "a.layers", "-o", "memory://out/", "--format", "png-layers")
    assert (folder.code, "outputs that are folders are written on this machine only" in folder.err) == (2, True)
