"""Imports point down, siblings do not import each other, and what must be light is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import vecstack

PACKAGE = Path(vecstack.__file__).parent
# From the ground up; a module may import those of lower rows, and its own package.
ROWS = [
    {"errors", "geometry", "atomic"},
    {"stack"},
    {"goal"},
    {"composite"},
    {"optimize"},
    {"kinds", "render"},
    {"target"},
    {"file", "image", "models"},
    {"export"},
    {"palette"},
    {"prune", "compact", "refine", "edit"},
    {"detail", "adjust"},
    {"decompose"},
    {"batch", "train"},
    {"__init__"},  # the public names
    {"cli"},
    {"__main__"},
]
# render draws what kinds shade, geometry raises errors: the two rows where one member builds on the other.
ALLOWED = {("render", "kinds"), ("geometry", "errors"), ("atomic", "errors")}


def height(module: str) -> int:
    return next(index for index, row in enumerate(ROWS) if module in row)


def imports(source: str) -> set[str]:
    """The modules of the package that a source text imports, `__init__` for the package itself."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import; name the module in full"
            assert node.module is not None
            names = [node.module]
            if node.module == "vecstack":
                names = [f"vecstack.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {module_of(name) for name in names if name.split(".")[0] == "vecstack"}
    return found


def module_of(name: str) -> str:
    """Which module a dotted name is in: vecstack.document.file.load in file, vecstack.Canvas in the package itself."""
    child = name.split(".")[1] if "." in name else "__init__"
    return child if any(child in row for row in ROWS) else "__init__"


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import os, vecstack.document.file", {"file"}),
        ("from vecstack.kinds.mask import layer", {"kinds"}),
        ("from vecstack import stack as s, models", {"stack", "models"}),
        ("def f():\n    from vecstack import file", {"file"}),
        ("from vecstack import __version__, Canvas", {"__init__"}),
        ("import vecstack", {"__init__"}),
        ("import vecstackish\nfrom pathlib import Path", set()),
    ],
)
def test_every_way_to_import_is_seen(source: str, modules: set[str]) -> None:
    assert imports(source) == modules


@pytest.mark.parametrize("source", ["from . import file", "from .file import load", "from ..stack import Stack"])
def test_relative_imports_are_refused(source: str) -> None:
    with pytest.raises(AssertionError, match="relative import"):
        imports(source)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    module = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for imported in imports(path.read_text(encoding="utf-8")) - {module}:
        assert height(imported) < height(module) or (module, imported) in ALLOWED, f"{module} imports {imported}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "kinds").glob("*/")), ids=lambda path: path.name)
def test_nothing_but_its_own_folder_knows_a_kind(path: Path) -> None:
    if path.name == "__pycache__":
        return
    for other in PACKAGE.rglob("*.py"):
        if other.is_relative_to(path):
            continue
        assert f"kinds.{path.name}" not in other.read_text(encoding="utf-8"), other


@pytest.mark.parametrize("modules", ["vecstack", "vecstack.cli", "vecstack.document.file", "vecstack.pictures.read"])
def test_light_modules_do_not_import_torch(modules: str) -> None:
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_public_names_are_these() -> None:
    assert set(vecstack.__all__) == {
        "Canvas",
        "Goal",
        "Layer",
        "Stack",
        "VecstackError",
        "__version__",
        "adjust",
        "available_models",
        "decompose",
        "edit",
        "load",
        "load_model",
        "refine",
        "render",
        "save",
        "to_html",
        "to_svg",
    }
    for name in vecstack.__all__:
        assert getattr(vecstack, name) is not None


def test_functions_are_not_hidden_by_their_modules() -> None:
    code = "import vecstack, vecstack.fitting.decompose, vecstack.editing.edit, vecstack.drawing.render"
    code += "; assert callable(vecstack.decompose)"
    code += "; assert callable(vecstack.render); from vecstack import decompose, render; assert callable(render)"
    code += "; from vecstack.editing.changes import Hide; from vecstack.editing.edit import edit"
    code += "; assert vecstack.edit is edit; Hide('1')"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
