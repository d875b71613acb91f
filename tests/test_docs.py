"""The documentation is true: its commands and its Python run, and its pages are those that the code gives."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import tempfile
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

import vecstack as package
from tests.cli.conftest import vecstack  # noqa: F401
from vecstack.editing.changes import Rename

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
RUN_BY_CI = {"Try it", "Test"}  # headings of the README: .ci/run runs what they print, in an environment of its own
RUN_ELSEWHERE = {"new-kind.md"}  # pages whose code is that of another test
SLOW = {
    "README.md",
    "export.md",
    "import.md",
    "python.md",
    "svg.md",
    "tutorial.md",
}  # pages that take more than five seconds
WITH_EXAMPLES = {"README.md", "batch.md"}  # pages that name the folder of examples
AS_PRINTED = {"tutorial.md"}  # pages that name groups of their very files, which smaller ones would not have
# Smaller pictures and less work than the pages ask for: whether it runs is the question here, not what it costs.
PHOTO_PX, ICON_PX, DIGIT_PX, DRAWN_PX = (72, 48), (72, 72), (28, 28), 64
LAYERS = 12  # of the layer file that pages name: as many as they select from
SMALLER = (
    (r"--size \d+", f"--size {DRAWN_PX}"),
    (r"size=\d+", f"size={DRAWN_PX}"),
    (r" --effort \w+", ""),
    (r"^(refine|decompose) ", r"\1 --effort fast "),
    (r"^(collage) ", r"\1 --effort sketch "),
    (r"count=\d+", "count=12"),
    (r"^(decompose .*--layers) \d+", r"\1 22"),
    (r"^decompose (--effort fast) (photo.\w+) -o", rf"decompose \1 --layers {LAYERS} \2 -o"),
    (r"--layers \d+ --compact", "--layers 22 --compact"),
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, the heading that it stands under, and its text."""

    language: str
    heading: str
    text: str


def blocks(page: Path) -> list[Block]:
    found, heading = [], ""
    for match in re.finditer(
        r"^#+ (?P<heading>[^\n]*)$|^```(?P<language>\w*)\n(?P<text>.*?)^```$",
        page.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    ):
        if match["heading"] is not None:
            heading = match["heading"]
        else:
            found.append(Block(match["language"], heading, match["text"]))
    return found


def to_run(page: Path) -> list[Block]:
    """The blocks that are to run, in their order."""
    return [
        block
        for block in blocks(page)
        if block.language in ("sh", "python") and not (page.name == "README.md" and block.heading in RUN_BY_CI)
    ]


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like `examples`, with smaller pictures."""
    folder = tmp_path_factory.mktemp("docs") / "examples"
    folder.mkdir()
    sizes = {"scene.png": PHOTO_PX, "coffee.jpg": PHOTO_PX, "icon.png": ICON_PX, "digit.png": DIGIT_PX}
    for name, size in sizes.items():
        with Image.open(ROOT / "examples" / name) as picture:
            mode = "RGBA" if picture.mode == "RGBA" else "RGB"
            picture.convert(mode).resize(size, Image.Resampling.BOX).save(folder / name)
    shutil.copytree(ROOT / "examples" / "icons", folder / "icons")
    return folder


@pytest.fixture(scope="module")
def files(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the pages of `docs` name."""
    folder = tmp_path_factory.mktemp("files")
    shutil.copy(examples / "scene.png", folder / "photo.png")
    shutil.copy(examples / "digit.png", folder / "digit.png")
    shutil.copy(ROOT / "examples" / "sprite.png", folder / "sprite.png")
    stack = package.decompose(folder / "photo.png", package.load_model("photos"), layers=LAYERS, effort="sketch")
    stack = package.edit(stack, [Rename("2", "sky"), Rename("9", "sun")])
    package.save(stack, folder / "photo.layers")
    (folder / "elsewhere").mkdir()
    package.save(stack, folder / "elsewhere" / "sun.layers")
    package.save(
        package.decompose(folder / "digit.png", package.load_model("digits"), effort="sketch"), folder / "digit.layers"
    )
    (folder / "colors.gpl").write_text("GIMP Palette\n16 32 48 night\n255 99 71 tomato\n255 255 255 white\n")
    (script,) = (block.text for block in blocks(DOCS / "edit.md") if block.language == "toml")
    (folder / "edits.toml").write_text(script, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path, files: Path, examples: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Path]:
    """Makes the folder that a page's blocks run in, and goes there: one like the project's for the README, the
    tutorial and whole folders, for the other pages one with the files that they name."""

    def go(page: Path) -> Path:
        place = tmp_path / "here"
        if page.name in AS_PRINTED:
            for part in ("examples", "docs/tutorial"):
                shutil.copytree(ROOT / part, place / part)
        elif page.name in WITH_EXAMPLES:
            shutil.copytree(examples, place / "examples")
        else:
            shutil.copytree(files, place)
        monkeypatch.chdir(place)
        monkeypatch.setattr(tempfile, "tempdir", str(place))
        return place

    return go


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser was asked to open."""
    addresses: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    return addresses


def run_command(command: str, vecstack: Callable[..., Any], changed: Callable[[str], str]) -> None:  # noqa: F811
    """Run a command line of a page, changed: vecstack, or cp."""
    program, *words = shlex.split(command, comments=True)
    if program == "cp":
        shutil.copy(*words)
        return
    assert program == "vecstack", command
    result = vecstack(*shlex.split(changed(shlex.join(words))))
    assert result.code == 0, f"{command}: {result.err}"


def run_python(text: str, where: str) -> None:
    exec(compile(smaller(text), where, "exec"), {"__name__": "__main__"})


def smaller(text: str) -> str:
    """Code or a command line that does less work."""
    for pattern, with_ in SMALLER:
        text = re.sub(pattern, with_, text)
    return text


def pages_to_run() -> list[Any]:
    """The pages that have something to run, those that take long marked so."""
    pages = [page for page in PAGES if page.name not in RUN_ELSEWHERE and to_run(page)]
    return [pytest.param(page, marks=[pytest.mark.slow] * (page.name in SLOW), id=page.name) for page in pages]


@pytest.mark.parametrize("page", pages_to_run())
def test_what_a_page_says_runs(
    page: Path,
    folder: Callable[[Path], Path],
    shown: list[str],
    vecstack: Callable[..., Any],  # noqa: F811
) -> None:
    folder(page)
    for block in to_run(page):
        if block.language == "sh":
            for command in block.text.strip().splitlines():
                run_command(command, vecstack, str if page.name in AS_PRINTED else smaller)
        else:
            run_python(block.text, f"{page.name}, {block.heading}")
    assert len(shown) == sum(block.text.count("vecstack view") for block in to_run(page))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_what_it_is(page: Path) -> None:
    known = {"sh", "python", "console", "text", "toml", "json"}
    assert {block.language for block in blocks(page)} <= known


@pytest.mark.parametrize("heading", sorted(RUN_BY_CI))
def test_each_of_the_two_commands_is_one_line(heading: str) -> None:
    (block,) = (block for block in blocks(ROOT / "README.md") if block.heading == heading)
    assert block.language == "sh"
    assert len(block.text.strip().splitlines()) == 1


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120


def script(name: str) -> Any:
    """A script of `docs` as a module."""
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli", "python"])
def test_a_generated_page_is_what_the_code_says(name: str) -> None:
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    assert script(f"make_{name}").page() == page, f"run python docs/make_{name}.py"


def test_the_python_page_has_a_section_and_an_example_for_every_public_name() -> None:
    names = script("make_python").names()
    assert len(names) == len(set(names))
    assert set(names) == set(package.__all__)
    examples = {
        block.heading.strip("`"): block.text for block in blocks(DOCS / "python.md") if block.language == "python"
    }
    for name in names:
        assert name in examples, f"no example of {name}"


def test_links_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), *ROOT.glob("weights/*/README.md")]
    for page in pages:
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(#[^)\s]*)?\)", page.read_text(encoding="utf-8")):
            if target.startswith("http"):
                continue
            aim = page.parent / target if target else page
            assert aim.exists(), f"{page.name}: {target}"
            if anchor and aim.suffix == ".md":
                assert anchor[1:] in anchors(aim), f"{page.name}: {target}{anchor}"


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_navigation_of_the_site_and_in_the_index() -> None:
    navigation = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]
    listed = [name for entry in navigation for name in leaves(entry)]
    pages = sorted(page.name for page in DOCS.glob("*.md"))
    assert sorted(listed) == pages
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    for name in pages:
        assert name == "README.md" or f"]({name}" in index


def leaves(entry: Any) -> list[str]:
    """The pages of an entry of the navigation."""
    if isinstance(entry, str):
        return [entry]
    inner = entry.values() if isinstance(entry, dict) else entry
    return [name for child in inner for name in leaves(child)]


def test_how_to_cite_is_valid_and_names_the_paper() -> None:
    cite = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(cite)
    assert cite["version"] == package.__version__
    (paper,) = cite["references"]
    assert [author["family-names"] for author in paper["authors"]] == ["Sbai", "Couprie", "Aubry"]


def test_no_page_and_no_message_installs_from_the_index_what_is_another_project_there() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("weights/*/README.md")]
    for source in [*pages, *(ROOT / "vecstack").rglob("*.py"), *(ROOT / "benchmarks").glob("*.py")]:
        assert not re.search(r"pip install (-\S+ )*\W?vecstack", source.read_text(encoding="utf-8")), source


def test_pages_that_the_program_names_are_there() -> None:
    for source in (ROOT / "vecstack").rglob("*.py"):
        for page in re.findall(r"\bdocs/\w+\.md\b", source.read_text(encoding="utf-8")):
            assert (ROOT / page).exists(), f"{source.name}: {page}"


def test_the_map_of_the_program_shows_all_of_it() -> None:
    (tree,) = (block.text for block in blocks(DOCS / "architecture.md") if block.heading == "The tree")
    for path in (ROOT / "vecstack").iterdir():
        if path.name not in {"__pycache__", "__main__.py", "weights"}:
            assert re.search(rf"^  {path.name}\b", tree, re.MULTILINE), path.name
