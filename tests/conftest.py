"""Fixtures of general use: small models and stacks with random weights, and a picture."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
import torch
from PIL import Image

import vecstack.kinds
from tests.helpers import EXAMPLE_KINDS, HEIGHT, WHOLE, WIDTH, make_mask, make_net, make_spline, slopes_and_edge
from vecstack import load, save
from vecstack.compiled import is_compiling
from vecstack.geometry import Affine, Rect
from vecstack.kinds.mask.encoder import EncoderSizes
from vecstack.kinds.mask.maker import weights_to_bytes
from vecstack.kinds.mask.model import ModelSizes, Predictor
from vecstack.kinds.mask.net import NetSizes
from vecstack.stack import Canvas, Stack, UnknownLayer, asset_id

TINY = ModelSizes(layers=3, canvas_side=4, net=NetSizes(3, 8, 2), encoder=EncoderSizes(16, 8, (1, 1, 1, 1), False))

LONGEST_COMPILATION_SECONDS = 60  # of one function; whoever waits longer compiles it, too

MakeOnce = Callable[[str, Callable[[], Stack]], Stack]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, since many tests wait: for programs that they start, for signals, for a lock."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What the pages of the documentation say runs last: in processes of its own, which do not wait while others
    compile the same loops (compiled_once)."""
    items.sort(key=lambda item: item.path.name == "test_docs.py")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for all processes of a run."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session", autouse=True)
def compiled_once(shared_folder: Path) -> None:
    """Has each loop compiled by one process of a run, while others that need it wait: all of it takes minutes."""
    if is_compiling():
        from numba.core import caching

        OneCompiler(shared_folder, caching.FunctionCache)


class OneCompiler:
    """Locks a function in numba's cache from when it is not found there until it is kept."""

    def __init__(self, folder: Path, cache: Any) -> None:
        self.folder, self.load, self.save = folder, cache.load_overload, cache.save_overload
        self.held: dict[str, IO[bytes]] = {}
        cache.load_overload = lambda of, *call: self.load_overload(of, *call)
        cache.save_overload = lambda of, *call: self.save_overload(of, *call)

    def load_overload(self, of: Any, signature: Any, context: Any) -> Any:
        found, name = self.load(of, signature, context), self.name(of, signature)
        if found is not None or name in self.held:
            return found
        lock = (self.folder / name).open("wb")
        until = time.monotonic() + LONGEST_COMPILATION_SECONDS
        while not has_locked(lock) and time.monotonic() < until:
            time.sleep(0.1)
        found = self.load(of, signature, context)
        if found is None:
            self.held[name] = lock
        else:
            lock.close()
        return found

    def save_overload(self, of: Any, signature: Any, made: Any) -> None:
        self.save(of, signature, made)
        if lock := self.held.pop(self.name(of, signature), None):
            lock.close()

    def name(self, of: Any, signature: Any) -> str:
        called = f"{of.cache_path} {of._impl.filename_base} {signature}"
        return hashlib.sha256(called.encode()).hexdigest() + ".compiling"


def has_locked(file: IO[bytes]) -> bool:
    """Whether a file could be locked, which no other process had."""
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


@pytest.fixture(scope="session")
def made_once(shared_folder: Path) -> MakeOnce:
    """Gives the stack of a name, which the first process of a run that asks for it makes: it takes long."""

    def get(name: str, make: Callable[[], Stack]) -> Stack:
        path = shared_folder / f"{name}.layers"
        with (shared_folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                save(make(), path)
        return load(path)

    return get


@pytest.fixture(autouse=True)
def seeded() -> None:
    """What a test draws by lot is the same in each run."""
    torch.manual_seed(0)


@pytest.fixture
def predictor() -> Predictor:
    """A tiny predictor with random weights: 3 layers of 3 numbers from 16 x 16 pixels."""
    torch.manual_seed(5)
    return Predictor(TINY).requires_grad_(False)


@pytest.fixture
def weights(tmp_path: Path, predictor: Predictor) -> Path:
    """The tiny predictor as a weights file."""
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(weights_to_bytes(predictor))
    return path


@pytest.fixture
def pixels() -> np.ndarray:
    """A picture 37 wide and 53 high, smooth with an edge: [53,37,3] uint8."""
    return slopes_and_edge()


@pytest.fixture
def photo(tmp_path: Path, pixels: np.ndarray) -> Path:
    """The picture as a PNG file."""
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture(scope="session")
def stack() -> Stack:
    """Six mask layers on 37 x 53: two nets, one layer hidden, one with opacity 0, two faded, one in a window."""
    first, second = make_net(1), make_net(2)
    turned = Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25)
    corner = Affine.of_frame(Rect(5.0, 3.0, 20.0, 31.0))
    rng = np.random.default_rng(3)
    layers = (
        make_mask("whole", first, rng),
        make_mask("faded", second, rng, opacity=0.6),
        make_mask("hidden", first, rng, visible=False),
        make_mask("window", first, rng, transform=corner, window=0.4),
        make_mask("nothing", second, rng, opacity=0.0),
        make_mask("turned", second, rng, transform=turned, window=1.0, opacity=0.8),
    )
    return Stack(Canvas(WIDTH, HEIGHT, (0.9, 0.4, 0.1)), layers, {asset_id(net): net for net in (first, second)})


@pytest.fixture(scope="session")
def mixed(stack: Stack) -> Stack:
    """The stack with spline layers between its mask layers: one upright and faded, one half off the canvas, one turned
    (which no grid draws)."""
    upright = make_spline("upright", 1, Affine.of_frame(Rect(2.0, 8.0, 30.0, 38.0)), opacity=0.7)
    overhanging = make_spline("overhanging", 2, Affine.of_frame(Rect(-9.0, 35.0, 24.0, 40.0)))
    turned = make_spline("spline turned", 3, Affine(8.0, 5.0, 24.0, -6.0, 11.0, 30.0))
    first, *others, last = stack.layers
    return Stack(stack.canvas, (first, upright, overhanging, *others, turned, last), stack.assets)


@pytest.fixture(scope="session")
def varied() -> Stack:
    """Eight layers of a net on 37 x 53: whole, faded, hidden, of opacity 0, two in windows, one of them turned, and two
    that are not drawn, one of a kind that nobody has, one of a version of a kind that nobody has."""
    net = make_net(1)
    layers = (
        make_mask("whole", net, 1),
        make_mask("corner", net, 2, transform=Affine.of_frame(Rect(-6.0, -4.0, 20.0, 17.0)), window=0.4),
        make_mask("hidden", net, 3, visible=False),
        make_mask("faded", net, 4, opacity=0.6),
        make_mask("nothing", net, 5, opacity=0.0),
        UnknownLayer(id="strange", transform=WHOLE, unknown_kind="no_such_kind"),
        UnknownLayer(id="like", transform=WHOLE, unknown_kind="mask"),
        make_mask("turned", net, 6, opacity=0.8, transform=Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25), window=1.0),
    )
    return Stack(Canvas(WIDTH, HEIGHT, (0.9, 0.4, 0.1)), layers, {asset_id(net): net})


@pytest.fixture
def _with_example_kinds() -> Iterator[None]:
    """The kinds that live in the tests, found as if their folders lay beside the others."""
    vecstack.kinds.__path__.append(str(EXAMPLE_KINDS))
    vecstack.kinds.find_kind.cache_clear()
    yield
    vecstack.kinds.__path__.remove(str(EXAMPLE_KINDS))
    vecstack.kinds.find_kind.cache_clear()
    for folder in EXAMPLE_KINDS.iterdir():
        for name in [name for name in sys.modules if name.startswith(f"vecstack.kinds.{folder.name}")]:
            del sys.modules[name]
        vars(vecstack.kinds).pop(folder.name, None)
