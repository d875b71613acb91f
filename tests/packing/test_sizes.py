from __future__ import annotations

from pathlib import Path

import pytest

from vecstack.errors import RecipeError, UsageError
from vecstack.packing.sizes import read_sizes


def table(folder: Path, text: str) -> Path:
    path = folder / "sizes.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "column", "sizes"),
    [
        ("city,people\nOslo,7\nRome,28\n", "people", {"Oslo": 7, "Rome": 28}),
        ("people;city;km2\n7;Oslo;4\n28;Rome;12\n", "km2", {"Oslo": 4, "Rome": 12}),
        ("a,b\nx,1\nx,2\n", None, {"x": 1, "x 3": 2}),
        ("n\n5\n6\n", "n", {"2": 5, "3": 6}),
        ('a,b\n"New York, NY",1e3\n', "b", {"New York, NY": 1000}),
    ],
)
def test_sizes_by_name(tmp_path: Path, text: str, column: str | None, sizes: dict[str, float]) -> None:
    assert read_sizes(table(tmp_path, text), column) == sizes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\nx,-1\n", "line 2: b must be a number above 0, not '-1'"),
        ("a,b\nx,1\ny,nan\n", "line 3: b must be a number above 0"),
        ("a,b\nx,0\n", "above 0"),
        ("a,b\nx,many\n", "not 'many'"),
        ("a,b\nx\n", "line 2 has 1 values, and the first line 2 columns"),
        ("a,b\n", "no rows"),
        ("", "empty"),
        ('a,b\n"x,1\n', "not CSV"),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RecipeError, match=told):
        read_sizes(table(tmp_path, text), "b")


def test_a_column_is_named_where_there_are_several(tmp_path: Path) -> None:
    path = table(tmp_path, "name,people,km2\nOslo,7,4\n")
    with pytest.raises(UsageError, match="say which column has the sizes, of name, people, km2"):
        read_sizes(path, None)
    with pytest.raises(UsageError, match=r"column 'peple' is not in .*; did you mean people"):
        read_sizes(path, "peple")


def test_messages_about_long_names_of_columns_are_short(tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(f"column{at}" for at in range(500)) + "\n" + ",".join(["1"] * 500))
    with pytest.raises(UsageError, match="say which column") as caught:
        read_sizes(path, None)
    assert len(str(caught.value)) < 600
