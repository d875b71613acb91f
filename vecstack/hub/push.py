"""A model of one's own as a repository of the Hub, with a card."""

from __future__ import annotations

import hashlib
from pathlib import Path

from vecstack.errors import WeightsError
from vecstack.hub.download import MODEL_FILE, talking
from vecstack.hub.names import repository_of
from vecstack.kinds.weights import BASELINE, describe

CARD = "README.md"
BESIDE = ("recipe.toml", "progress.md", "LICENSE")  # what is pushed with the weights, where it is there
TAGS = ("image-vectorization", "layers")


def push_model(folder: Path, name: str, *, private: bool = False, message: str = "Upload a vecstack model") -> str:
    """Upload the model in a folder to a repository, OWNER/NAME, which is made if there is none: its weights, its card
    (README.md, or one that is written), and BESIDE; nothing else. Gives OWNER/NAME@COMMIT. Raises WeightsError: no
    weights of this program there, no such name, no access, no network."""
    from huggingface_hub import CommitOperationAdd, HfApi

    repository = repository_of(name)
    if repository is None or repository.revision is not None:
        raise WeightsError(f"{name}: not the name of a repository; write it as OWNER/NAME.")
    weights = folder / MODEL_FILE
    data = _read(weights)
    card = card_of(folder, data, name)
    files = [CommitOperationAdd(MODEL_FILE, data), CommitOperationAdd(CARD, card.encode())]
    files += [CommitOperationAdd(file, folder / file) for file in BESIDE if (folder / file).is_file()]
    with talking(name):
        api = HfApi(library_name="vecstack")
        api.create_repo(name, private=private, exist_ok=True)
        commit = api.create_commit(name, files, commit_message=message)
    return f"{name}@{commit.oid}"


def _read(weights: Path) -> bytes:
    """The bytes of a weights file of this program. Raises WeightsError."""
    try:
        data = weights.read_bytes()
    except OSError as error:
        raise WeightsError(
            f"{weights}: cannot be read ({error.strerror}); name the folder of a training, with {MODEL_FILE} in it."
        ) from error
    describe(data, str(weights))
    return data


def card_of(folder: Path, weights: bytes, name: str) -> str:
    """The card of a model: README.md of its folder with the metadata that the Hub wants, or one that is written: what
    the weights say of themselves. Raises WeightsError: not text, or its metadata are damaged."""
    from huggingface_hub import ModelCard, ModelCardData

    place = folder / CARD
    if not place.is_file():
        data = ModelCardData(library_name="vecstack", tags=list(TAGS))
        return f"---\n{data.to_yaml()}\n---\n\n{_text_of(weights, name)}"
    try:
        card = ModelCard(place.read_text(encoding="utf-8"), ignore_metadata_errors=False)
    except Exception as error:  # whatever the parsers of YAML raise
        reason = " ".join(str(error).split())
        raise WeightsError(
            f"{place}: its metadata cannot be read ({reason:.120}); mend them, or take them out."
        ) from error
    card.data["library_name"] = card.data.get("library_name") or "vecstack"
    card.data["tags"] = card.data.get("tags") or list(TAGS)
    return str(card)


def _text_of(weights: bytes, name: str) -> str:
    """What a card says of weights whose folder has none."""
    described = describe(weights, name)
    what = (
        "A baseline, which makes pictures"
        if described.table == BASELINE
        else (f"Turns pictures into layers of the kind `{described.kind.name}`")
    )
    digest = hashlib.sha256(weights).hexdigest()
    return (
        f"# {name}\n\n{what}, with vecstack.\n\n"
        f"```sh\nvecstack decompose photo.png --model {name} -o photo.layers\n```\n\n"
        f"- **Weights.** `{MODEL_FILE}`, {len(weights):,} bytes, sha256 `{digest}`.\n"
        f"- **Sizes.** `{described.sizes}`\n"
    )
