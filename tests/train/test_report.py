from __future__ import annotations

import csv
import io
import sys

import pytest
from PIL import Image

from vecstack.errors import ExportError
from vecstack.train.evaluate import Score
from vecstack.train.report import (
    COLUMNS,
    Report,
    caption,
    check_plots,
    rows,
    to_table,
    write_csv,
    write_markdown,
    write_plot,
)

SCORES = [Score(1, 12.345, 13.5, 0.25, 0.125, 13), Score(20, 20.0, 21.0, 0.5, 0.0625, 1300)]
REPORT = Report("mine", "ab" * 32, "held-out", 1234, 32, 64, 11, SCORES)


def test_a_caption_says_all_that_was_measured_on() -> None:
    assert caption(REPORT) == (
        "mine (abababababab): 1,234 held-out pictures of 32 px, reduced from 64 px; SSIM over windows of 11 px"
    )


def test_a_row_has_a_cell_for_each_column() -> None:
    assert rows(REPORT)[1] == ["20", "1,300", "20.00 dB", "21.00 dB", "0.5000", "0.0625"]
    assert len(rows(REPORT)[0]) == len(COLUMNS)
    assert to_table(REPORT).row_count == 2


def test_markdown_has_the_caption_and_the_rows() -> None:
    file = io.BytesIO()
    write_markdown(REPORT, file)
    lines = file.getvalue().decode().splitlines()
    assert lines[0] == caption(REPORT) + "."
    assert lines[2].startswith("| layers | numbers | ")
    assert lines[5] == "| 20 | 1,300 | 20.00 dB | 21.00 dB | 0.5000 | 0.0625 |"


def test_csv_has_every_figure_in_full() -> None:
    file = io.BytesIO()
    write_csv(REPORT, file)
    first, second = csv.DictReader(io.StringIO(file.getvalue().decode()))
    assert (first["model"], first["pictures"], first["psnr_of_mean_error"]) == ("mine", "1234", "12.345")
    assert {key: float(second[key]) for key in SCORES[1].to_json()} == SCORES[1].to_json()


@pytest.mark.slow
def test_a_plot_is_a_png() -> None:
    file = io.BytesIO()
    write_plot(REPORT, file)
    with Image.open(file) as picture:
        assert picture.format == "PNG"


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ExportError, match=r"^A plot needs matplotlib\. .*pip install '\.\[plots\]'\.$"):
        check_plots()
