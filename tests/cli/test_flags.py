"""Messages of the library speak of parameters; those of the command line speak of its flags."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vecstack.cli.arguments import parse_effort
from vecstack.cli.flags import in_flags
from vecstack.errors import DeviceError, ExportError, UsageError, named

Call = Callable[..., Any]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (UsageError("size must be above 0, not -3.", parameter="size"), "--size must be above 0, not -3."),
        (UsageError("max_bytes does not apply.", parameter="max_bytes"), "--max-bytes does not apply."),
        (UsageError("budget_bytes is small.", parameter="budget_bytes"), "--budget is small."),
        (UsageError("a size is 0.", parameter="size"), "a size is 0."),
        (UsageError("size must be above 0."), "size must be above 0."),
        (DeviceError("full; use `device='cpu'`."), "full; use --device cpu."),
        (ExportError("x exists; use `overwrite=True`."), "x exists; use --overwrite."),
    ],
)
def test_parameters_become_flags(error: UsageError, said: str) -> None:
    assert in_flags(error) == said


def test_the_name_of_a_file_before_a_message_keeps_its_parameter() -> None:
    error = named(UsageError("size must be above 0.", parameter="size"), "a.layers")
    assert (str(error), error.parameter) == ("a.layers: size must be above 0.", "size")
    assert pickle.loads(pickle.dumps(error)).parameter == "size"


def test_an_option_stands_once_before_what_is_wrong_with_its_value() -> None:
    with pytest.raises(UsageError, match=r"^--effort") as caught:
        parse_effort("slow")
    assert str(caught.value).count("--") == 1


def test_remedies_are_written_for_who_reads_them(vecstack: Call, document: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    out.write_bytes(b"mine")
    assert vecstack("render", document, "-o", out).err.endswith(
        "exists; use --overwrite to replace it, or choose another name.\n"
    )


@pytest.mark.slow
def test_the_limit_of_pixels_is_no_option(vecstack: Call, weights: Path, tmp_path: Path) -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    (tmp_path / "huge.png").write_bytes(buffer.getvalue())
    result = vecstack("decompose", tmp_path / "huge.png", "--model", weights)
    assert result.code == 3
    assert "at most 200.0; scale it down first, or raise --max-pixels." in result.err
