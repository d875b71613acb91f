"""Published weights: found where they are kept, or named; damaged ones are refused."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from pathlib import Path

import pytest

from vecstack.errors import WeightsError
from vecstack.fitting.segmenters import published
from vecstack.fitting.segmenters.hed import HED
from vecstack.fitting.segmenters.published import Published
from vecstack.fitting.segmenters.saliency import U2NETP

NET = Published("net", "net.bin", hashlib.sha256(b"a net").hexdigest(), "4 MB, from somewhere", "some_package")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of the user's."""
    folder = tmp_path / "cache"
    folder.mkdir()
    monkeypatch.setattr(published, "CACHE", str(folder))
    return folder


def test_weights_are_read_from_the_cache_or_where_they_are_said_to_be(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"a net")
    assert NET.read(tmp_path / "other.bin") == b"a net"
    (cache / "net.bin").write_bytes(b"a net")
    assert NET.read() == b"a net"


def test_weights_are_read_from_where_other_programs_keep_them(tmp_path: Path) -> None:
    (tmp_path / "net.bin").write_bytes(b"a net")
    assert dataclasses.replace(NET, folder=str(tmp_path)).read() == b"a net"


def test_weights_are_read_from_a_package_that_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "some_package" / "weights"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    (folder / "net.bin").write_bytes(b"a net")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert dataclasses.replace(NET, inside="weights").read() == b"a net"


@pytest.mark.parametrize("net", [NET, HED, U2NETP], ids=lambda net: str(net.name))
def test_weights_that_are_nowhere_are_asked_for_in_a_line(net: Published, tmp_path: Path) -> None:
    nowhere = dataclasses.replace(net, folder=str(tmp_path), package="no_such_package")
    with pytest.raises(
        WeightsError, match=rf"needs its weights, {net.file} .*put them into .*, {net.name}:PATH"
    ) as said:
        nowhere.read()
    assert "\n" not in str(said.value)
    with pytest.raises(WeightsError, match=r"no file '.*gone\.bin'"):
        nowhere.read(tmp_path / "gone.bin")


@pytest.mark.parametrize("content", [b"", b"a neT", b"a ne"])
def test_other_bytes_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "net.bin"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="damaged, or another net than net: its sha256 must begin"):
        NET.read(path)
