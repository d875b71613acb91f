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
    {"composite"},
    {"optimize"},
    {"kinds", "render"},
    {"file", "image", "models", "export"},
    {"decompose", "refine"},
    {"batch", "train"},
    {"cli"},
]
# render draws what kinds shade, geometry raises errors: the two rows where one member builds on the other.
ALLOWED = {("render", "kinds"), ("geometry", "errors"), ("atomic", "errors")}


def height(module: str) -> int:
    return next(index for index, row in enumerate(ROWS) if module in row)


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("vecstack."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("vecstack.")}
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    module = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if module in ("__init__", "__main__"):
        return
    for imported in imports(path) - {module}:
        assert height(imported) < height(module) or (module, imported) in ALLOWED, f"{module} imports {imported}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "kinds").glob("*/")), ids=lambda path: path.name)
def test_nothing_but_its_own_folder_and_training_knows_a_kind(path: Path) -> None:
    if path.name == "__pycache__":
        return
    for other in PACKAGE.rglob("*.py"):
        if other.is_relative_to(path) or other.is_relative_to(PACKAGE / "train"):
            continue
        assert f"kinds.{path.name}" not in other.read_text(encoding="utf-8"), other


@pytest.mark.parametrize("modules", ["vecstack", "vecstack.cli", "vecstack.file", "vecstack.image"])
def test_light_modules_do_not_import_torch(modules: str) -> None:
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_public_names_are_these() -> None:
    assert set(vecstack.__all__) == {
        "Canvas",
        "Layer",
        "Stack",
        "VecstackError",
        "__version__",
        "available_models",
        "decompose",
        "load",
        "load_model",
        "render",
        "save",
    }
    for name in vecstack.__all__:
        assert getattr(vecstack, name) is not None


def test_functions_are_not_hidden_by_their_modules() -> None:
    code = "import vecstack, vecstack.decompose, vecstack.render; assert callable(vecstack.decompose)"
    code += "; assert callable(vecstack.render); from vecstack import decompose, render; assert callable(render)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
