"""vecstack.cli.display: what is shown of a run."""

from __future__ import annotations

import io
import time

import pytest

from vecstack.batch.items import Item, Outcome
from vecstack.cli import display
from vecstack.cli.display import Counts, Lines, display_of, duration
from vecstack.errors import PictureError


def outcome(name: str, error: PictureError | None = None) -> Outcome:
    return Outcome(Item(name, f"{name}.layers"), "failed" if error else "done", error, seconds=1.25, psnr=31.0)


def test_lines_come_at_the_start_and_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(display, "LINE_SECONDS", 0.05)
    counts = Counts(4, began=time.monotonic() - 120)
    counts.add(outcome("a.png"))
    counts.add(outcome("b.png", PictureError("b.png: broken.")))
    with Lines("Drawing", counts, verbose=False) as lines:
        lines.start(2)
        time.sleep(0.3)
    start, then, *_ = capsys.readouterr().err.splitlines()
    assert start == "vecstack: Drawing 4 inputs, 2 processes"
    assert then == "vecstack: 2 of 4, 1 failed, 1.0/min, about 2 min 0 s left"


def test_each_input_has_a_line_for_who_asks(capsys) -> None:
    with Lines("Drawing", Counts(1), verbose=True) as lines:
        lines.ended(outcome("a\n.png"))
        lines.ended(Outcome(Item("b.png", "-"), "skipped"))
    assert capsys.readouterr().err == (
        "a\\n.png -> a\\n.png.layers (1.2 s, 31.00 dB)\nb.png -> standard output (skipped)\n"
    )


def test_a_terminal_shows_a_bar_with_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "110")
    counts = Counts(9)
    with display_of("Drawing", counts, quiet=False, verbose=False, is_single=False) as bar:
        bar.start(2)
        for name in ("a.png", "b.png"):
            bar.began(Item(name, "x"))
        bar.moved(Item("b.png", "x"), 0.5, "31.00 dB")
        counts.failed += 1
        bar.ended(outcome("c.png", PictureError("c.png: broken.")))
        bar.progress.refresh()
    assert "1/9" in shown.getvalue()
    assert "1 failed  a.png, b.png 31.00 dB" in shown.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.21, "4.2 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (59.97, "60.0 s")]
)
def test_times_are_told_in_words(seconds: float, text: str) -> None:
    assert duration(seconds) == text
