"""How fast the page of `vecstack view` is in a browser: python benchmarks/viewer.py photo.layers

Prints how large the page is, as it is and with what is gzip in it unpacked; and, for each engine, when the first
picture is there, when the masks are drawn roughly and when as they are meant to be (at 512 px and at 1080 x 720), and
how long a change of a colour takes to be seen. Times are in milliseconds from the opening of the page; of the
changes, the median and the slowest. The engine `webgl2` needs a graphics card: where the browser has none, it is left
out. Needs playwright and a chromium in the path.
"""

from __future__ import annotations

import base64
import gzip
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from vecstack import load, to_html

CHANGES = 20
PACKED = re.compile(r"H4sI[A-Za-z0-9+/=]+")  # how gzip begins, in base64
MARKS = ("vecstack-draft", "vecstack-sharp")
FIRST = ("first-contentful-paint", "vecstack-preview")  # the later of both: something is shown, the picture is decoded
MAKE_SIZE = "([width, height]) => [width - picture.clientWidth, height - picture.clientHeight]"
CHANGE = """async (round) => {
    const inputs = [...document.querySelectorAll(".color:enabled")];
    const input = inputs[(round >> 1) % inputs.length]; // each twice
    input.closest(".layer").dispatchEvent(new Event("pointerenter"));
    await new Promise((resolve) => setTimeout(resolve, 300)); // that a pointer takes from its row to the control
    input.value = "#" + (0x123456 + 4321 * round).toString(16);
    input.dispatchEvent(new Event("input", { bubbles: true }));
    await vecstack.settled();
    return performance.getEntriesByName("vecstack-restyle").at(-1).duration;
}"""


def unpacked_size(page: str) -> int:
    """The bytes of a page whose parts are no gzip."""
    return len(PACKED.sub(lambda match: gzip.decompress(base64.b64decode(match[0])).decode(), page).encode())


def fit_stage(page: Any, width: int, height: int) -> None:
    """Make the page so large that its picture has that size."""
    more = page.evaluate(MAKE_SIZE, [width, height])
    size = page.viewport_size
    page.set_viewport_size({"width": size["width"] + more[0], "height": size["height"] + more[1]})


def measure(browser: Any, url: str, width: int, height: int) -> tuple[str, list[float], list[float]]:
    """The engine, the times of the first picture and of MARKS, and those of changes."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(600_000)
    page.goto(url)
    page.wait_for_function("() => window.vecstack")
    fit_stage(page, width, height)
    size = page.viewport_size
    page.close()
    page = browser.new_page(viewport=size)
    page.set_default_timeout(600_000)
    page.goto(url)
    page.wait_for_function("() => performance.getEntriesByName('vecstack-thumbnails').length")
    start = "name => performance.getEntriesByName(name)[0].startTime"
    first = max(page.evaluate(start, name) for name in FIRST)
    marks = [first, *(page.evaluate(start, name) for name in MARKS)]
    changes = [page.evaluate(CHANGE, index) for index in range(CHANGES)]
    engine = page.evaluate("vecstack.engine")
    page.close()
    return engine, marks, changes


def main(document: str) -> None:
    stack = load(document)
    executable = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    whole = to_html(stack)
    size, unpacked = len(whole.encode()) / 1000, unpacked_size(whole) / 1000
    print(f"{document}: {len(stack.layers)} layers; the page has {size:.0f} kB, unpacked {unpacked:.0f}")
    print(
        "| engine | picture | first picture | rough | sharp | change, median | slowest |\n|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as tool:
        path = Path(folder) / "page.html"
        path.write_text(to_html(stack, svg=False), encoding="utf-8")
        browser = tool.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for draw in ("script", ""):
            for width, height in ((512, 512), (1080, 720)):
                engine, marks, changes = measure(browser, f"{path.as_uri()}#draw={draw}", width, height)
                if draw or engine != "script":
                    times = [*marks, statistics.median(changes), max(changes)]
                    print(f"| {engine} | {width} x {height} | {' | '.join(f'{time:.0f}' for time in times)} |")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
