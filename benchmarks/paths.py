"""Measure layers of paths, all in one run: how close they come to photos and what they cost, beside other programs.

1. First: `vecstack decompose` without options, as a whole process.
2. Quality: for each count of paths and each effort, PSNR of our own drawing of the saved document and of resvg's
   drawing of our SVG; seconds of making it, after the loops were compiled; bytes of the file without a thumbnail, of
   the SVG, and of the SVG gzipped. Beside it what is recorded of rivals.
3. Fitting: Gauss-Newton steps beside Adam's, from the same regions to which nothing was fitted, on the same slopes.
4. Step: drawing, slopes and normal equations of fitted paths. CPU seconds are what one thread would take.
5. Drawing: fitted paths drawn large, beside resvg.
6. Larger: a photo of 768 x 512 px with many paths, and one of 1,024 px with very many.
7. Detail: paths beside windows of splines on one photo.
8. Rivals, only where asked for (some 20 minutes): VTracer with at most as many paths, the closest over a grid of its
   settings (its seconds are those of one call), and primitive (github.com/fogleman/primitive) with as many shapes,
   where that program is in the path. Recorded for part 2, but for --quick and --pictures.

Photos are those of scikit-learn and scikit-image, or those of --pictures, reduced to --side on their long side. Tables
are of Markdown, means over the photos; --page puts them in the place of those that a page has. --quick does all with
two photos and little of each: to see that it runs, not for figures.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from _common import print_markdown, replace_table, write_json
from _paths import detail, drawing, first, fitting, quality
from _tracing import Settings
from commands import SIZE, save_photo
from fidelity import Photo, photos_in, prepare, sample_photos, write_plot
from PIL import Image

PARTS = ("first", "quality", "fitting", "step", "drawing", "larger", "detail")
RIVALS = "rivals"  # a part that does not change with the program
RECORDED = Path(__file__).parent / "recorded" / "rivals_of_paths.json"
COSTS = {"wall": "seconds", "paths": "paths", "svg_gzipped": "bytes"}  # names of plots


@dataclass(frozen=True)
class Plan:
    """How much of everything is measured."""

    photos: int
    counts: tuple[int, ...]
    efforts: tuple[str, ...]
    vtracer: tuple[Settings, ...]
    steps: int  # of Gauss-Newton and Adam
    fitted: int  # paths of one step, and of what is drawn large
    drawn_px: int
    many: int  # paths of the photo of 768 x 512 px
    very_many: int
    very_many_px: int
    detail: int  # layers
    detail_effort: str


FULL = Plan(
    photos=6,
    counts=(64, 128, 256, 512),
    efforts=("fast", "good", "best"),
    vtracer=tuple(quality.vtracer_settings()),
    steps=200,
    fitted=256,
    drawn_px=4096,
    many=1024,
    very_many=10_000,
    very_many_px=1024,
    detail=128,
    detail_effort="good",
)
QUICK = Plan(
    photos=2,
    counts=(8, 16),
    efforts=("fast",),
    vtracer=tuple(quality.vtracer_settings()[::12]),
    steps=10,
    fitted=16,
    drawn_px=512,
    many=32,
    very_many=200,
    very_many_px=256,
    detail=4,
    detail_effort="fast",
)


class Run:
    """The parts of the benchmark on the same photos, and what was found."""

    def __init__(
        self, plan: Plan, photos: Sequence[Photo], folder: Path, plots: Path | None, page: Path | None, recorded: Path
    ) -> None:
        self.plan, self.photos, self.folder = plan, photos, folder
        self.plots, self.page, self.recorded = plots, page, recorded
        self.found: dict[str, Any] = {"plan": asdict(plan)}

    def first(self) -> None:
        """The first command."""
        self._show("first", "`vecstack decompose` without options", first.COLUMNS, list(first.rows(self.photos)))

    def quality(self) -> None:
        """Ours beside what is recorded of VTracer and primitive."""
        plan, drawings = self.plan, list[quality.Drawing]()
        for photo in self.photos:
            drawings += quality.measure_ours(photo, plan.counts, plan.efforts)
            say(f"{photo.name}: {len(drawings)} drawings")
        drawings += quality.recorded(self.recorded, self.photos, plan.counts)
        title = f"means over {len(self.photos)} photos, {max(self.photos[0].picture.size)} px"
        self._show("quality", title, quality.COLUMNS, quality.table(drawings))
        self.found["drawings"] = list(map(asdict, drawings))
        for cost, name in COSTS.items():
            self._plot(name, quality.curves(drawings, cost))

    def rivals(self) -> None:
        """VTracer and primitive, recorded."""
        plan, drawings = self.plan, list[quality.Drawing]()
        for photo in self.photos:
            drawings += quality.measure_rivals(photo, plan.counts, plan.vtracer)
            say(f"{photo.name}: {len(drawings)} drawings of rivals")
        quality.record(drawings, self.recorded)

    def fitting(self) -> None:
        """Gauss-Newton beside Adam."""
        photo = self.photos[0]
        count, courses = fitting.courses(photo, self.plan.fitted, self.plan.steps)
        say(f"{count} paths are fitted")
        title = f"PSNR of paths of {photo.name} from the same start, after"
        self._show("fitting", title, fitting.COURSE_COLUMNS, fitting.course_rows(courses))
        by_seconds = {course.name: list(zip(course.seconds, course.psnr, strict=True))[1:] for course in courses}
        by_steps = {course.name: list(enumerate(course.psnr))[1:] for course in courses}
        self._plot("seconds of fitting", by_seconds)
        self._plot("steps", by_steps)

    def step(self) -> None:
        """One step."""
        photo = self.photos[0]
        title = f"{self.plan.fitted} fitted paths of {photo.name}, {max(photo.picture.size)} px"
        self._show("step", title, fitting.STEP_COLUMNS, fitting.step_rows(photo, self.plan.fitted))

    def drawing(self) -> None:
        """Drawing beside resvg."""
        plan, photo = self.plan, self.photos[0]
        title = f"{plan.fitted} paths of {photo.name} at {plan.drawn_px:,} px, drawn by"
        self._show("drawing", title, drawing.DRAW_COLUMNS, drawing.draw_rows(photo, plan.fitted, plan.drawn_px))

    def larger(self) -> None:
        """Many paths."""
        plan = self.plan
        save_photo(self.folder / "whole.png")
        photo = prepare("china-whole", self.folder / "whole.png", max(SIZE), self.folder)
        rows = [drawing.many_row(photo, plan.many, effort) for effort in plan.efforts]
        title = f"{plan.many:,} paths of a photo of {SIZE[0]} x {SIZE[1]} px"
        self._show("many", title, drawing.MANY_COLUMNS, rows)
        large = enlarged(self.photos[0], plan.very_many_px, self.folder)
        rows = [drawing.many_row(large, plan.very_many, plan.efforts[0])]
        title = f"{plan.very_many:,} paths of {large.name} (enlarged), {plan.very_many_px:,} px"
        self._show("very many", title, drawing.MANY_COLUMNS, rows)

    def detail(self) -> None:
        """Paths beside splines."""
        plan, photo = self.plan, self.photos[0]
        title = f"Detail of {photo.name}, effort {plan.detail_effort}"
        self._show("detail", title, detail.COLUMNS, list(detail.rows(photo, plan.detail, plan.detail_effort)))

    def _show(self, name: str, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table, and put it in the page; the title stands above the first column."""
        columns = (title, *columns)
        print_markdown("", columns, rows)
        if self.page is not None:
            replace_table(self.page, columns, rows)
        self.found[name] = {"columns": columns, "rows": rows}

    def _plot(self, name: str, lines: Mapping[str, list[tuple[float, float]]]) -> None:
        if self.plots is not None:
            self.plots.mkdir(parents=True, exist_ok=True)
            write_plot(name, lines, self.plots / f"paths-{name.replace(' ', '-')}.svg")


def enlarged(photo: Photo, side: int, folder: Path) -> Photo:
    """A photo at a long side in pixels."""
    width, height = photo.picture.size
    scale = side / max(width, height)
    picture = photo.picture.resize((round(width * scale), round(height * scale)), Image.Resampling.LANCZOS)
    path = folder / f"{photo.name}-{side}.png"
    picture.save(path)
    return Photo(photo.name, path, picture)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="photos to take instead")
    parser.add_argument("--limit", type=int, metavar="N", help="measure the first N photos only")
    parser.add_argument("--side", type=int, default=512, metavar="PX", help="of photos, the long one (default: 512)")
    parser.add_argument(
        "--parts", nargs="+", default=PARTS, choices=(*PARTS, RIVALS), help="what to measure (default: all but rivals)"
    )
    parser.add_argument("--quick", action="store_true", help="little of each, to see that it runs")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures there, too")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="write PSNR against seconds, paths and bytes there")
    parser.add_argument("--page", type=Path, metavar="FILE", help="page whose tables get the figures")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    plan = QUICK if arguments.quick else FULL
    sources = photos_in(arguments.pictures) if arguments.pictures else sample_photos()
    limit = arguments.limit or (None if arguments.pictures and not arguments.quick else plan.photos)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photos = [prepare(*source, arguments.side, folder) for source in itertools.islice(sources, limit)]
        if not photos:
            sys.exit(f"{arguments.pictures} has no pictures. Name a folder of PNG, JPEG or WebP files.")
        quality.warm_up(photos[0])
        recorded = folder / RECORDED.name if arguments.quick or arguments.pictures else RECORDED
        run = Run(plan, photos, folder, arguments.plots, arguments.page, recorded)
        for part in arguments.parts:
            getattr(run, part)()
            say(f"{part} done")
            write_json(arguments.json, run.found)


if __name__ == "__main__":
    main()
