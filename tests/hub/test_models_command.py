"""vecstack models download, path, list, verify and push, with a Hub."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.hub.fake import COMMIT, NAME, OTHER, FakeHub
from vecstack.errors import WeightsError
from vecstack.hub.push import card_of, push_model
from vecstack.models import published_models

Call = Callable[..., Any]


def test_a_model_is_downloaded_listed_verified_and_found(hub: FakeHub, vecstack: Call) -> None:
    missing = vecstack("models", "path", NAME)
    assert (missing.code, "`vecstack models download owner/model`" in missing.err) == (6, True)
    place = vecstack("models", "download", NAME).out.strip()
    assert Path(place).read_bytes() == hub.files["model.safetensors"]
    hub.asked.clear()
    assert vecstack("models", "path", NAME).out.strip() == place
    assert f"{NAME}@{COMMIT} (in the cache)" in vecstack("models", "list").out
    listed = json.loads(vecstack("models", "list", "--json").out)[-1]
    assert listed == {"name": f"{NAME}@{COMMIT}", "path": place}
    digest = hashlib.sha256(hub.files["model.safetensors"]).hexdigest()
    assert f"{NAME}@{COMMIT} ok {digest}" in vecstack("models", "verify").out
    assert vecstack("models", "verify", NAME).out == f"{NAME} ok {digest}\n"
    Path(place).resolve().write_bytes(b"changed")
    result = vecstack("models", "verify", NAME)
    assert (result.code, "damaged" in result.err) == (6, True)
    assert hub.asked == []


def test_a_shipped_model_has_a_path(vecstack: Call) -> None:
    digits = next(model for model in published_models() if model.name == "digits")
    assert vecstack("models", "path", "digits").out.strip() == str(digits.path)


def test_nothing_is_downloaded_offline(hub: FakeHub, vecstack: Call) -> None:
    result = vecstack("models", "download", NAME, "--offline")
    assert (result.code, "nothing is fetched offline" in result.err) == (2, True)
    assert hub.asked == []


def test_what_is_in_the_cache_and_no_model_of_this_program_is_not_listed(hub: FakeHub, vecstack: Call) -> None:
    hub.files["model.safetensors"] = b"of another program"
    assert vecstack("models", "download", NAME).code == 0
    assert NAME not in vecstack("models", "list").out


@pytest.fixture
def trained(tmp_path: Path, weights: Path) -> Path:
    """The folder of a training."""
    folder = tmp_path / "trained"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(weights.read_bytes())
    (folder / "recipe.toml").write_text('name = "mine"\n')
    (folder / "checkpoint.pt").write_bytes(b"secret")
    return folder


@pytest.mark.filterwarnings("ignore:Use 'content=")  # of the Hub's own library
def test_a_model_is_pushed_with_a_card(hub: FakeHub, vecstack: Call, trained: Path) -> None:
    result = vecstack("models", "push", trained, NAME)
    assert (result.code, result.out) == (0, f"{NAME}@{OTHER}\n"), result.err
    data = (trained / "model.safetensors").read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    assert hub.uploaded == {digest: data}
    sent = [line["value"] for line in hub.card_of_commit]
    files = {value["path"]: value for value in sent[1:]}
    assert set(files) == {"model.safetensors", "README.md", "recipe.toml"}
    card = base64.b64decode(files["README.md"]["content"]).decode()
    assert card.startswith("---\n")
    assert "library_name: vecstack" in card
    assert f"decompose photo.png --model {NAME}" in card
    assert digest in card


def test_a_card_of_one_s_own_is_kept(trained: Path) -> None:
    data = (trained / "model.safetensors").read_bytes()
    (trained / "README.md").write_text("---\nlicense: mit\ntags:\n- mine\n---\n# Mine\n\nWords.\n")
    card = card_of(trained, data, NAME)
    assert "license: mit" in card
    assert "library_name: vecstack" in card
    assert "- mine" in card
    assert card.endswith("# Mine\n\nWords.\n")
    (trained / "README.md").write_text("# Mine\n")
    assert card_of(trained, data, NAME).endswith("# Mine\n")
    (trained / "README.md").write_text("---\n{: [\n---\n# Mine\n")
    with pytest.raises(WeightsError, match=r"README\.md: its metadata cannot be read"):
        card_of(trained, data, NAME)


def test_what_cannot_be_pushed_is_refused(hub: FakeHub, trained: Path, tmp_path: Path) -> None:
    for name in ("mine", f"{NAME}@main", "a/b/c"):
        with pytest.raises(WeightsError, match="not the name of a repository; write it as OWNER/NAME"):
            push_model(trained, name)
    with pytest.raises(WeightsError, match="name the folder of a training"):
        push_model(tmp_path / "nothing", NAME)
    (trained / "model.safetensors").write_bytes(b"junk" * 10)
    with pytest.raises(WeightsError, match="not a vecstack model"):
        push_model(trained, NAME)
    assert hub.asked == []


def test_a_push_without_access_says_to_log_in(hub: FakeHub, vecstack: Call, trained: Path) -> None:
    def refused(request: Any) -> bool:
        request.refuse(401)
        return True

    hub.fault = refused
    result = vecstack("models", "push", trained, NAME)
    assert (result.code, len(result.err.splitlines())) == (6, 1)
    assert "hf auth login" in result.err


@pytest.mark.slow
def test_the_command_asks_the_hub_that_the_environment_names(hub: FakeHub, tmp_path: Path) -> None:
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-m", "vecstack", "models", "download", f"{NAME}@{COMMIT}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()).read_bytes() == hub.files["model.safetensors"]
