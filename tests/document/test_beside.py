"""Assets in a folder that many layer files share."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from vecstack import load, save, validate
from vecstack.document.beside import folder_beside, read_asset
from vecstack.document.file import dumps
from vecstack.errors import DocumentError, UnknownKindError
from vecstack.stack import Stack


@pytest.mark.parametrize("suffix", [".layers", ".layers.json"])
def test_files_share_assets_and_give_the_same_stacks(stack: Stack, tmp_path: Path, suffix: str) -> None:
    nets = tmp_path / "tree" / "nets"
    for place in ("a", "deep/b"):
        path = tmp_path / "tree" / f"{place}{suffix}"
        path.parent.mkdir(exist_ok=True, parents=True)
        save(stack, path, assets=nets)
        assert b"safetensors" not in path.read_bytes()
        assert dumps(load(path)) == dumps(load(dumps(stack)))
        assert validate(path) == []
    assert sorted(path.stem for path in nets.iterdir()) == sorted(stack.assets)
    shutil.move(tmp_path / "tree", tmp_path / "elsewhere")
    assert dumps(load(tmp_path / "elsewhere/deep" / f"b{suffix}")) == dumps(load(dumps(stack)))


def test_a_missing_or_damaged_asset_is_one_clear_line(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "a.layers"
    save(stack, path, assets=tmp_path / "nets")
    with pytest.raises(DocumentError, match=r"lies in nets beside the file; open the file by its path\.$"):
        load(path.read_bytes())
    net = next((tmp_path / "nets").iterdir())
    net.write_bytes(b"something else")
    with pytest.raises(DocumentError, match="is damaged"):
        load(path)
    save(stack, path, assets=tmp_path / "nets", overwrite=True)  # mends it
    load(path)
    net.unlink()
    with pytest.raises(DocumentError, match=r"a\.layers: asset [0-9a-f]{12}\.\.\. is not in .*nets; put that"):
        load(path)


def test_assets_beside_a_file_are_together_no_more_than_one_may_hold(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.layers"
    save(stack, path, assets=tmp_path / "nets")
    sizes = [len(content) for content in stack.assets.values()]
    assert len(sizes) > 1
    monkeypatch.setattr("vecstack.document.decode.MAX_FILE_BYTES", sum(sizes) - 1)
    with pytest.raises(DocumentError, match=r"all assets together is larger than the"):
        load(path)


def test_a_reader_that_knows_no_such_folder_is_told(stack: Stack, tmp_path: Path) -> None:
    path = tmp_path / "a.layers.json"
    save(stack, path, assets=tmp_path)
    document = json.loads(path.read_text())
    assert "assets:beside" in document["features_required"]
    assert {entry["folder"] for entry in document["assets"].values()} == {"."}
    document["features_required"] = ["assets:elsewhere"]
    path.write_text(json.dumps(document))
    with pytest.raises(UnknownKindError):
        load(path)


@pytest.mark.parametrize("folder", ["/etc", "a/../../b", "..\\x", "C:/x", "", "a//b", "a/./b", "//host/share", "a\0b"])
def test_no_other_folder_is_looked_into(folder: str, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="must be a path relative to the file"):
        read_asset("0" * 64, folder, tmp_path)


def test_a_folder_is_named_from_the_file(tmp_path: Path) -> None:
    assert folder_beside(tmp_path / "a/b/x.layers", tmp_path / "nets") == "../../nets"
    assert folder_beside(tmp_path / "x.layers", tmp_path) == "."
