"""How alike pictures of a generator are to real ones: `python benchmarks/generation.py MODEL --data PATH`.

Beside it, in one table, two references: the training pictures, which are real, and the same generator untrained. All
are compared with the held-out pictures, by the features of the shipped model photos: figures compare with one another
only. KID and FID are distances (see vecstack.train.likeness); precision is the share of pictures that lie among real
ones, recall the share of real ones that lie among them. `nearest` is the mean distance in pixels (root mean square, of
255) to the nearest training picture: held-out pictures tell how near one is that was not seen, and a generator that
repeats its training is nearer.

With --classes, where the pictures lie in a folder for each class, a classifier that learns them from the training
pictures reads what the generator makes: the share that it is sure of, and how many classes are among them.
--neighbours draws pictures of the generator beside the training picture that is nearest to each."""

from __future__ import annotations

import argparse
import sys
import warnings
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from _common import print_markdown
from PIL import Image
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from vecstack.errors import UsageError
from vecstack.kinds.weights import describe
from vecstack.models import find_weights
from vecstack.train.data import HELD_OUT, load_pictures
from vecstack.train.likeness import coverage, frechet_distance, kernel_distance, pictures_of_generator, seen_by
from vecstack.train.measured import SEES
from vecstack.train.pairs import evenly

SURE = 0.9  # probability from which a classifier is said to read a picture
ROWS, COLUMNS, SIDE_PX = 8, 6, 96  # of the sheet of neighbours: pairs of pictures, and their side


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare pictures of a generator with real ones.")
    parser.add_argument("model", help="a generator: its name, weights file or folder")
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="the pictures that it was trained on")
    parser.add_argument("--count", type=int, default=1_000, help="pictures of each kind at most (default %(default)s)")
    parser.add_argument(
        "--classes", action="store_true", help="let a classifier read them; --data is one zip or folder"
    )
    parser.add_argument("--neighbours", type=Path, metavar="PNG", help="draw them beside the nearest training pictures")
    arguments = parser.parse_args()
    data = find_weights(arguments.model)[1]
    described = describe(data, arguments.model)
    trainee: Any = described.kind.trainee({described.table: described.sizes})
    if not trainee.is_generator:
        raise UsageError(f"{arguments.model} is no generator.")
    training, whole = load_pictures(arguments.data, trainee.side)
    held_out = evenly(whole, arguments.count)
    torch.manual_seed(0)
    kinds = {
        "real, held out": evenly(training, arguments.count).float() / 255,
        "generated": pictures_of_generator(trainee, trainee.load(data, None), held_out)[:, -1],
        "untrained": pictures_of_generator(trainee, trainee.build().eval(), held_out)[:, -1],
    }
    real = held_out.float() / 255
    _print_distances(f"{arguments.model}: {len(real):,} pictures of each kind", kinds, real, training)
    kinds["real, held out"] = real
    if arguments.classes:
        if len(arguments.data) > 1:
            sys.exit("--classes takes one zip or folder as --data.")
        _print_classes(kinds, training, labels(arguments.data[0], len(training)))
    if arguments.neighbours:
        chosen = kinds["generated"][: ROWS * COLUMNS]
        _draw(chosen, training[nearest(chosen, training)[1]].float() / 255, arguments.neighbours)


def _print_distances(title: str, kinds: dict[str, torch.Tensor], real: torch.Tensor, training: torch.Tensor) -> None:
    """How far each kind of picture is from held-out ones, and from the nearest training picture. Real are those of the
    training in the first comparison, and the held-out ones in the second."""
    seen, rows = seen_by(SEES, real), []
    for name, pictures in kinds.items():
        features = seen_by(SEES, pictures)
        covered = coverage(features, seen)
        near = nearest(real if name.startswith("real") else pictures, training)[0].mean()
        rows.append(
            (
                name,
                f"{kernel_distance(features, seen):.4f}",
                f"{frechet_distance(features, seen):.4f}",
                f"{covered.precision:.2f}",
                f"{covered.recall:.2f}",
                f"{float(near):.1f}",
            )
        )
    print_markdown(title, ("pictures", "KID", "FID", "precision", "recall", "nearest"), rows)


def nearest(pictures: torch.Tensor, training: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of each picture [N,3,S,S] in 0..1 the distance to the nearest training picture ([M,3,S,S], uint8), as a root mean
    square of 255, and which one that is: [N], [N]."""
    rows = training.float().flatten(1)
    found = [torch.cdist(255 * part.flatten(1), rows).min(1) for part in torch.split(pictures, 64)]
    distances = torch.cat([one.values for one in found]) / rows.shape[1] ** 0.5
    return distances, torch.cat([one.indices for one in found])


def labels(path: Path, count: int) -> np.ndarray:
    """The class of each training picture of a zip or folder of classes, in the order of `load_pictures`: [count]."""
    if path.is_dir():
        names = [PurePosixPath(file.relative_to(path).as_posix()) for file in path.rglob("*") if file.is_file()]
    else:
        with zipfile.ZipFile(path) as archive:
            names = [PurePosixPath(name) for name in archive.namelist() if not name.endswith("/")]
    found: list[str] = []
    for label, members in sorted(Counter(str(name.parent) for name in names).items()):
        found += [label] * (members - max(1, round(members * HELD_OUT)))
    if len(found) != count:
        sys.exit(f"{path}: {len(found):,} pictures have a class, and {count:,} can be read; use a plain set.")
    return np.array(found)


def _print_classes(kinds: dict[str, torch.Tensor], training: torch.Tensor, classes: np.ndarray) -> None:
    """What a classifier that learned the training pictures reads in each kind of picture."""
    classifier = MLPClassifier((256,), early_stopping=True, max_iter=40, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(_rows(training.float() / 255), classes)
    rows = []
    for name, pictures in kinds.items():
        likely = classifier.predict_proba(_rows(pictures))
        sure = likely.max(1) > SURE
        read = Counter(classifier.classes_[likely.argmax(1)][sure])
        share = " ".join(f"{label}: {read[label] / max(1, sure.sum()):.0%}" for label in classifier.classes_)
        rows.append((name, f"{sure.mean():.0%}", f"{len(read)} of {len(classifier.classes_)}", share))
    title = f"Read by a classifier (right on {classifier.best_validation_score_:.1%} of a tenth that it did not see)"
    print_markdown(title, ("pictures", f"sure (> {SURE})", "classes", "share of each"), rows)


def _rows(pictures: torch.Tensor) -> np.ndarray:
    """Pictures [N,3,S,S] as rows of greys: [N,S*S]."""
    return np.asarray(pictures.mean(1).flatten(1))


def _draw(pictures: torch.Tensor, neighbours: torch.Tensor, path: Path) -> None:
    """A sheet of pairs: a picture, and on its right its neighbour."""
    pairs: Sequence[torch.Tensor] = torch.cat([pictures, neighbours], 3)  # [N,3,S,2S]
    rows = [torch.cat(list(pairs[row * COLUMNS : (row + 1) * COLUMNS]), 2) for row in range(ROWS)]
    sheet = Image.fromarray((255 * torch.cat(rows, 1)).round().byte().permute(1, 2, 0).numpy())
    sheet.resize((2 * COLUMNS * SIDE_PX, ROWS * SIDE_PX), Image.Resampling.NEAREST).save(path)


if __name__ == "__main__":
    main()
