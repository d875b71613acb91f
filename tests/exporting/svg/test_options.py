from __future__ import annotations

import gzip
from typing import Any

import pytest

from vecstack.errors import UsageError
from vecstack.exporting.svg.options import MAX_PRECISION, SvgOptions
from vecstack.stack import Canvas


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tolerance": 0.0}, "tolerance must be above 0"),
        ({"tolerance": -1.0}, "tolerance must be above 0"),
        ({"tolerance": float("nan")}, "tolerance must be above 0"),
        ({"tolerance": float("inf")}, "tolerance must be above 0"),
        ({"flat": True, "tolerance": 1.0}, "flat SVG .* no tolerance"),
        ({"hard": True}, "svg-flat"),
        ({"max_bytes": 0}, "bytes must be at least 1"),
        ({"max_paths": 0}, "paths must be at least 1"),
        ({"size": 0}, "size must be at least 1"),
        ({"size": 10**9}, "size must be at most"),
        ({"precision": MAX_PRECISION + 1}, "precision must be 0 to 6 decimals"),
        ({"precision": -1}, "precision must be 0 to 6 decimals"),
    ],
    ids=str,
)
def test_options_out_of_range_or_that_exclude_each_other_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        SvgOptions(**options)


@pytest.mark.parametrize("worth", [1e-4, 0.3, 0.5, 0.9, 1.0, 7.0])
def test_a_unit_is_the_power_of_two_that_is_worth_it(worth: float) -> None:
    unit = SvgOptions().unit(worth)
    assert worth / 2 < unit <= worth
    assert unit.hex().startswith("0x1.0000000000000p")  # a power of two, on which halves are exact


@pytest.mark.parametrize("precision", range(MAX_PRECISION + 1))
def test_a_unit_of_a_precision_is_its_last_decimal(precision: int) -> None:
    assert SvgOptions(precision=precision).unit(0.3) == pytest.approx(10**-precision)


def test_a_file_is_its_text_in_utf_8() -> None:
    assert SvgOptions().encode("<svg>ü☀</svg>") == "<svg>ü☀</svg>".encode()


def test_a_compressed_file_is_the_same_text_and_the_same_bytes_each_time() -> None:
    options, text = SvgOptions(is_compressed=True), "<svg>ü</svg>" * 50
    data = options.encode(text)
    assert gzip.decompress(data).decode() == text
    assert len(data) < len(text)
    assert data == options.encode(text)
    assert data[4:8] == bytes(4)  # no time of day


def test_large_canvases_need_fewer_decimals() -> None:
    small, large = Canvas(255, 16), Canvas(16, 256)
    assert [SvgOptions().decimals(canvas) for canvas in (small, large)] == [3, 2]
    assert [SvgOptions(minify=True).decimals(canvas) for canvas in (small, large)] == [2, 2]
    assert [SvgOptions(precision=5).decimals(canvas) for canvas in (small, large)] == [5, 5]
