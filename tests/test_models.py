from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.numpy import save

import vecstack.models
from vecstack.enhancing.weights import load_enhancer
from vecstack.errors import WeightsError
from vecstack.kinds.base import METADATA_KEY
from vecstack.kinds.weights import BASELINE, GENERATOR, MODEL
from vecstack.models import (
    available_models,
    load_generator,
    load_model,
    published_models,
    verify_model,
    weights_folder,
)


def test_every_shipped_model_is_the_published_one_and_of_use() -> None:
    models = published_models()
    assert {model.name for model in models} >= {"digits", "photos"}
    for model in models:
        verify_model(model)
        if model.use == MODEL:
            assert load_model(model.name, "cpu").maker.max_layers >= 5
        elif model.use == GENERATOR:
            assert load_generator(model.name, "cpu").generates.side == 32
        else:
            assert load_enhancer(model.name, "cpu").made.model in {other.name for other in models}


def test_every_shipped_model_has_a_card_and_a_recipe() -> None:
    for model in published_models():
        card = (model.path.parent / "README.md").read_text(encoding="utf-8")
        assert "held out" in card
        assert (model.path.parent / "recipe.toml").is_file()


def test_shipped_weights_fit_the_package() -> None:
    assert sum(model.path.stat().st_size for model in published_models()) < 30e6


def test_a_path_and_its_folder_give_the_same_model(weights: Path) -> None:
    folder = weights.parent / "mine"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(weights.read_bytes())
    from_file, from_folder = load_model(weights, "cpu"), load_model(folder, "cpu")
    assert from_file.name == "tiny"
    assert from_folder.name == "mine"
    assert from_file.sha256 == from_folder.sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()


def test_one_changed_byte_is_not_the_published_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = weights_folder()
    copy = tmp_path / "weights"
    (copy / "digits").mkdir(parents=True)
    data = bytearray((shipped / "digits" / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (copy / "digits" / "model.safetensors").write_bytes(data)
    manifest = json.loads((shipped / "manifest.json").read_text(encoding="utf-8"))
    (copy / "manifest.json").write_text(json.dumps({"digits": manifest["digits"]}), encoding="utf-8")
    monkeypatch.setattr(vecstack.models, "weights_folder", lambda: copy)
    published_models.cache_clear()
    try:
        with pytest.raises(WeightsError, match="not the published weights of digits"):
            load_model("digits", "cpu")
    finally:
        published_models.cache_clear()


@pytest.fixture
def broken_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(vecstack.models, "weights_folder", lambda: tmp_path / "no weights here")
    published_models.cache_clear()
    yield
    published_models.cache_clear()


@pytest.mark.usefixtures("broken_manifest")
def test_a_path_needs_no_manifest(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_model(weights, "cpu").name == "tiny"
    monkeypatch.chdir(weights.parent)
    assert load_model("tiny.safetensors", "cpu").name == "tiny"


@pytest.mark.usefixtures("broken_manifest")
@pytest.mark.parametrize("name", ["digits", "nothing.safetensors"])
def test_what_is_neither_file_nor_known_without_the_manifest_names_the_manifest(name: str) -> None:
    with pytest.raises(WeightsError, match=r"manifest\.json: cannot be read"):
        load_model(name, "cpu")


def test_a_shipped_name_comes_before_a_file_of_that_name(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(weights.parent)
    weights.rename(weights.parent / "digits")
    shipped = {model.name: model.sha256 for model in published_models()}
    assert load_model("digits", "cpu").sha256 == shipped["digits"]


def test_a_name_too_long_for_a_file_is_refused() -> None:
    with pytest.raises(WeightsError, match="no such model or file"):
        load_model("x" * 300, "cpu")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a vecstack model"),
        (b"junk" * 10, "not a vecstack model"),
        (b"\x02\0\0\0\0\0\0\0{}", "not a vecstack model"),
        (None, "no such model or file"),
    ],
)
def test_files_that_are_no_model_are_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "model.bin"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        load_model(path, "cpu")


def test_a_truncated_model_is_refused(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-5])
    with pytest.raises(WeightsError, match="damaged weights"):
        load_model(weights, "cpu")


def test_a_baseline_is_told_to_make_no_layers(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(save({}, metadata={METADATA_KEY: json.dumps({"kind": BASELINE, "sizes": {}})}))
    with pytest.raises(WeightsError, match=r"a baseline, which makes pictures and no layers.*`vecstack evaluate`"):
        load_model(path, "cpu")


def test_makers_without_weights_are_models_too() -> None:
    found = {model.name: model for model in available_models() if model.path is None}
    assert {name: (model.kind, model.sha256) for name, model in found.items()} == {
        "abstract": ("stroke", None),
        "bitmap": ("path", None),
        "expressionist": ("stroke", None),
        "graphic": ("path", None),
        "painterly": ("stroke", None),
        "paths": ("path", None),
        "pixel-art": ("path", None),
        "realistic": ("stroke", None),
        "splines": ("spline", None),
    }
    for name, entry in found.items():
        model = load_model(name, "cpu")
        assert (model.kind, model.sha256, model.maker.max_layers) == (entry.kind, None, 0)
        with pytest.raises(WeightsError, match=f"{name}: has no weights to verify"):
            verify_model(entry)


def test_a_model_says_what_kind_of_layer_it_makes(weights: Path) -> None:
    assert {model.kind for model in published_models()} == {"mask"}
    assert load_model(weights, "cpu").kind == "mask"
