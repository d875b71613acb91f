"""Words: read from lists, and drawn with the outlines of a font."""

from __future__ import annotations

import io
import math
import os
import re
import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecstack.errors import RecipeError, UsageError
from vecstack.extras import install
from vecstack.kinds.base import Curve
from vecstack.text_file import read_text

if TYPE_CHECKING:
    from fontTools.ttLib import TTFont

POWER = 0.5  # of a word's count, to which its letters grow
LEAST_SHARE = 1 / 8  # of the largest letters: smaller ones are not read
MAX_LETTERS = 200  # of a word
# Bold faces without serifs, which fill their place: the first that a system has is taken.
PREFERRED = (
    *("DejaVuSans-Bold.ttf", "LiberationSans-Bold.ttf", "NotoSans-Bold.ttf", "Arial Bold.ttf", "arialbd.ttf"),
    *("Helvetica.ttc", "Roboto-Bold.ttf", "OpenSans-Bold.ttf", "Ubuntu-B.ttf"),
)
FOLDERS = {
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("~/AppData/Local/Microsoft/Windows/Fonts", "C:/Windows/Fonts"),
}
OTHER_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def read_words(path: str | os.PathLike[str]) -> dict[str, float]:
    """The words of a text file and their counts, the most frequent first: a word on each line, and perhaps its count
    behind a blank, a comma or a tab. A word that is there several times counts as often. Raises RecipeError."""
    counts: dict[str, float] = {}
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        match = re.fullmatch(r"(.*?\S)(?:\s*[,;\t]\s*|\s+)([+-]?[0-9][0-9_.eE+-]*|nan|[+-]?inf)", line.strip())
        word, told = (match[1], match[2]) if match else (line.strip(), "1")
        count = _number(told)
        if not (math.isfinite(count) and count > 0):
            raise RecipeError(f"{path}: line {number}: a count must be a number above 0, not {told!r:.40}.")
        if len(word) > MAX_LETTERS:
            raise RecipeError(f"{path}: line {number}: more than {MAX_LETTERS} letters; write a word on each line.")
        counts[word] = counts.get(word, 0.0) + count
    if not counts:
        raise RecipeError(f"{path}: no words; write one on each line, and perhaps its count behind it.")
    return dict(sorted(counts.items(), key=lambda entry: -entry[1]))


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def letter_sizes(counts: dict[str, float]) -> dict[str, float]:
    """How large the letters of each word are, of 1 for the most frequent."""
    most = max(counts.values())
    return {word: max((count / most) ** POWER, LEAST_SHARE) for word, count in counts.items()}


class Face:
    """A font that words are drawn with. Raises UsageError: no such file, not a font, no font on this system; or a
    package is missing."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        try:
            from fontTools.ttLib import TTFont
        except ImportError as error:
            raise UsageError(f"words need the package fonttools. {install('collage')}") from error
        self.path = _found() if path is None else Path(path)
        if not self.path.is_file():
            raise UsageError(f"font: there is no file {os.fspath(self.path)!r:.80}.", parameter="font")
        try:
            self._font: TTFont = TTFont(io.BytesIO(self.path.read_bytes()), lazy=True, fontNumber=0)
            self._letters: dict[int, str] = self._font.getBestCmap() or {}
            self._glyphs: Any = self._font.getGlyphSet()
            self._em = float(self._font["head"].unitsPerEm)
        except Exception as error:  # a damaged font raises anything
            raise self._damaged() from error

    def _damaged(self) -> UsageError:
        return UsageError(f"font {self.path} cannot be read; use a TrueType or OpenType font.", parameter="font")

    @cached_property
    def _pen(self) -> type[Any]:
        from fontTools.pens.basePen import BasePen

        class Pen(BasePen):  # type: ignore[misc]
            """Collects closed curves."""

            def __init__(self, glyphs: Any) -> None:
                super().__init__(glyphs)
                self.curves: list[list[tuple[float, float]]] = []

            def _moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802
                self.curves.append([point])

            def _lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
                self.curves[-1] += [self.curves[-1][-1], point, point]

            def _curveToOne(self, *points: tuple[float, float]) -> None:  # noqa: N802
                self.curves[-1] += points

            def _closePath(self) -> None:  # noqa: N802
                if self.curves[-1][-1] != self.curves[-1][0]:
                    self._lineTo(self.curves[-1][0])

            _endPath = _closePath  # noqa: N815

        return Pen

    def curves(self, word: str) -> tuple[Curve, ...]:
        """The outlines of a word in units of its em, y down, one letter behind the other from 0 on, as the font says
        how wide they are. Raises UsageError for a letter that the font has not, or a word of blanks."""
        curves: list[Curve] = []
        along = 0.0
        for letter in word:
            glyph = self._letters.get(ord(letter))
            if glyph is None:
                raise UsageError(
                    f"font {self.path} has no letter {letter!r} (U+{ord(letter):04X}), which {word!r:.40} needs; use "
                    "another font.",
                    parameter="font",
                )
            for points in self._drawn(glyph):
                curves.append(tuple(((along + x) / self._em, -y / self._em) for x, y in points))
            along += self._glyphs[glyph].width
        if not curves:
            raise UsageError(f"{word!r:.40} has no letter that is seen; leave it out.")
        return tuple(curves)

    def _drawn(self, glyph: str) -> Iterator[list[tuple[float, float]]]:
        """The closed curves of a glyph, in units of the font."""
        pen = self._pen(self._glyphs)
        try:
            self._glyphs[glyph].draw(pen)
        except Exception as error:  # a damaged font raises anything
            raise self._damaged() from error
        return (points for points in pen.curves if len(points) > 3)


def _found() -> Path:
    """A font of this system."""
    folders = [Path(folder).expanduser() for folder in FOLDERS.get(sys.platform, OTHER_FOLDERS)]
    there = {path.name: path for folder in folders for path in sorted(folder.rglob("*.[to]t[fc]"))}
    for name in (*PREFERRED, *sorted(there)):
        if name in there:
            return there[name]
    raise UsageError("no font was found on this system; name the file of one.", parameter="font")
