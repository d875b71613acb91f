"""The schema of a document is made of what each kind says, and `validate` uses it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from vecstack import Canvas, Stack, save, validate
from vecstack.document import schema
from vecstack.document.file import dumps_json
from vecstack.document.schema import check_schema, joined_schema
from vecstack.errors import DocumentError
from vecstack.kinds import kind_folder, kind_names

DOCS = Path(__file__).parents[2] / "docs"


def document(**changes: Any) -> dict[str, Any]:
    return {**json.loads(dumps_json(Stack(Canvas(3, 4)))), **changes}


def test_every_kind_with_a_schema_is_in_it() -> None:
    with_schema = {name for name in kind_names() if (kind_folder(name) / "schema.json").is_file()}
    assert with_schema == {"cutout", "mask", "path", "spline", "stroke"}
    assert with_schema <= joined_schema()["$defs"].keys()


def test_the_pages_are_those_that_the_script_makes() -> None:
    spec = importlib.util.spec_from_file_location("make_format", DOCS / "make_format.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.page() == (DOCS / "format.md").read_text(encoding="utf-8"), "run python docs/make_format.py"
    assert module.schema() == (DOCS / "schema.json").read_text(encoding="utf-8"), "run python docs/make_format.py"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"canvas": {"width": 0, "height": 4}}, "canvas.width: "),
        ({"layers": [{"id": "a", "kind": "spline", "color": [0, 0, 2], "surface": []}]}, "layers[0]."),
        ({"layers": [{"id": "a", "kind": "Loud"}]}, "layers[0].kind: "),
        ({"format": "other"}, "format: "),
    ],
)
def test_what_does_not_follow_it_is_refused_with_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(DocumentError) as caught:
        check_schema(document(**changes))
    assert str(caught.value).startswith(place)


def test_an_empty_document_follows_it() -> None:
    check_schema(document())


@pytest.mark.usefixtures("_with_example_kinds")
def test_validate_uses_the_schema_of_a_kind_that_was_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.example_kinds.disc.examples import examples

    layers, _ = examples()
    save(Stack(Canvas(37, 53), layers), tmp_path / "discs.layers")
    assert validate(tmp_path / "discs.layers") == []
    own = {"properties": {"color": {"items": {"maximum": 0.5}}}}
    joined = joined_schema()
    joined["$defs"]["disc"] = own
    rule = {"if": {"properties": {"kind": {"const": "disc"}}}, "then": {"$ref": "#/$defs/disc"}}
    joined["$defs"]["layer"]["allOf"].append(rule)
    monkeypatch.setattr(schema, "joined_schema", lambda: joined)
    schema._validator.cache_clear()
    with pytest.raises(DocumentError, match=r"discs\.layers: layers\[.\]\.color\[.\]: .* greater than the maximum"):
        validate(tmp_path / "discs.layers")
    schema._validator.cache_clear()
