"""Imports point down, no package has a circle of modules, and what must be light is light."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import vecstack
from tests.kinds.path.examples import examples

PACKAGE = Path(vecstack.__file__).parent
# From the ground up: a module may import those of lower rows, and those of its own package.
ROWS = [
    {"errors", "extras"},
    {"geometry", "slurm", "text_file"},
    {"composite", "atomic", "color", "compiled", "device", "tables", "winding"},
    {"stack"},
    {"pictures"},
    {"kinds"},
    {"document", "drawing", "hub"},
    {"models"},
    {"enhancing"},
    {"fitting", "generation", "train"},
    {"editing", "exporting", "importing"},
    {"packing"},
    {"batch"},
    {"__init__"},  # the public names
    {"cli"},
    {"__main__"},
]
FILES = sorted(PACKAGE.rglob("*.py"))


def height(module: str) -> int:
    return next(index for index, row in enumerate(ROWS) if module in row)


def module_of(path: Path) -> str:
    """The dotted name of a module within the package: drawing.fast, kinds, __init__."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path) for path in FILES}


def imports(source: str) -> set[str]:
    """The modules of the package that a source text imports, wherever it does: `__init__` for the package itself."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import; name the module in full"
            assert node.module is not None
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {_known(name) for name in names if name.split(".")[0] == "vecstack"}
    return found


def _known(name: str) -> str:
    """The module that a dotted name is in: of vecstack.drawing.fast.FastPainter, drawing.fast."""
    parts = name.split(".")[1:]
    while parts and ".".join(parts) not in MODULES:
        parts.pop()
    return ".".join(parts) or "__init__"


@pytest.mark.parametrize(
    ("source", "modules"),
    [
        ("import os, vecstack.document.file", {"document.file"}),
        ("from vecstack.kinds.mask import layer", {"kinds.mask.layer"}),
        ("from vecstack import stack as s, models", {"stack", "models"}),
        ("def f():\n    from vecstack.drawing.fast import FastPainter", {"drawing.fast"}),
        ("from vecstack import __version__, Canvas", {"__init__"}),
        ("from vecstack.kinds import kind_of", {"kinds"}),
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


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    package = module_of(path).split(".")[0]
    for imported in imports(path.read_text(encoding="utf-8")):
        other = imported.split(".")[0]
        assert other == package or height(other) < height(package), f"{module_of(path)} imports {imported}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {module_of(path): imports(path.read_text(encoding="utf-8")) for path in FILES}
    for module, imported in graph.items():
        imported.discard(module)
        imported.discard(module.rpartition(".")[0])  # a package whose folder is searched, as kinds/__init__.py does
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_a_circle_would_be_found() -> None:
    with pytest.raises(CycleError):
        TopologicalSorter({"a": {"b"}, "b": {"c"}, "c": {"a"}}).prepare()


@pytest.mark.parametrize("path", sorted((PACKAGE / "kinds").glob("*/kind.py")), ids=lambda path: path.parent.name)
def test_nothing_but_its_own_folder_knows_a_kind(path: Path) -> None:
    for other in FILES:
        if not other.is_relative_to(path.parent):
            assert f"kinds.{path.parent.name}" not in other.read_text(encoding="utf-8"), other


@pytest.mark.parametrize(
    "modules",
    ["vecstack", "vecstack.cli", "vecstack.document.file", "vecstack.pictures.read", "vecstack.kinds.spline.kind"],
)
def test_light_modules_do_not_import_torch(modules: str) -> None:
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("command", ["", "--help", "info DOCUMENT"])
def test_what_draws_nothing_does_not_import_numba(command: str, tmp_path: Path) -> None:
    stack = vecstack.Stack(vecstack.Canvas(40, 30, (0.0, 0.0, 0.0)), examples()[0])
    vecstack.save(stack, tmp_path / "a.layers")
    words = command.replace("DOCUMENT", str(tmp_path / "a.layers")).split()
    code = f"import sys, vecstack.cli; {words} and vecstack.cli.run({words}); sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_the_public_names_are_these() -> None:
    assert set(vecstack.__all__) == {
        "Canvas",
        "Goal",
        "Group",
        "Layer",
        "Stack",
        "Style",
        "VecstackError",
        "__version__",
        "adjust",
        "available_models",
        "collage",
        "compact",
        "decompose",
        "edit",
        "enhance",
        "export",
        "generate",
        "import_svg",
        "load",
        "load_model",
        "prune",
        "refine",
        "render",
        "save",
        "to_html",
        "to_svg",
        "validate",
    }
    for name in vecstack.__all__:
        assert getattr(vecstack, name) is not None


def test_no_function_hides_a_module() -> None:
    for name in vecstack.__all__:
        assert name not in {module.split(".")[0] for module in MODULES}, name


def test_each_public_name_is_imported_from_where_a_type_checker_sees_it() -> None:
    seen = {
        alias.name: (node.module or "").removeprefix("vecstack.")
        for node in ast.walk(ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vecstack.")
        for alias in node.names
    }
    assert seen == vecstack.HOMES
    assert {*seen, "__version__"} == set(vecstack.__all__) == set(dir(vecstack))


def test_a_name_that_is_not_public_is_told() -> None:
    with pytest.raises(AttributeError, match="module 'vecstack' has no attribute 'nothing'"):
        vecstack.nothing  # noqa: B018


@pytest.mark.parametrize(("words", "most"), [([], 72), (["info"], 26)], ids=["help", "info"])
def test_the_command_line_imports_no_more_than_its_help_needs(words: list[str], most: int) -> None:
    code = f"import sys, vecstack.cli; vecstack.cli.app_for({words})"
    code += f"; sys.exit(sum(name.startswith('vecstack') for name in sys.modules) > {most})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
