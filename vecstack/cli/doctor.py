"""vecstack doctor: is this installation in order?"""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer

from vecstack.cli.arguments import AsJson
from vecstack.errors import VecstackError, WeightsError

PACKAGES = ("torch", "numpy", "pillow", "safetensors", "huggingface-hub", "typer", "rich")


def run(as_json: AsJson = False) -> None:
    """Check the installation: packages, devices, weights. Exit code 0 if it can do its work."""
    facts = examine()
    if as_json:
        typer.echo(json.dumps(facts, indent=2))
    else:
        for name, value in facts.items():
            typer.echo(f"{name}: {value if isinstance(value, str) else ', '.join(value) or 'none'}")
    if facts["problems"]:
        raise WeightsError(f"{len(facts['problems'])} problems: {facts['problems'][0]}")


def examine() -> dict[str, Any]:
    """Versions, devices, models, and a list of problems, each with its remedy."""
    import torch

    from vecstack import __version__
    from vecstack.models import available_models, verify_model

    problems: list[str] = []
    models = []
    try:
        for model in available_models():
            verify_model(model)
            models.append(model.name)
    except VecstackError as error:
        problems.append(str(error))
    if not torchvision_fits():
        problems.append(
            "torchvision does not fit torch, and packages that import it fail. Reinstall both, or remove it."
        )
    cuda = torch.cuda.is_available()
    return {
        "vecstack": __version__,
        "python": f"{sys.version.split()[0]} on {platform.platform()}",
        "packages": [f"{name} {_version(name)}" for name in PACKAGES],
        "devices": ["cpu", *(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count() if cuda else 0))],
        "threads": str(torch.get_num_threads()),
        "models": models,
        "problems": problems,
    }


def torchvision_fits() -> bool:
    """Whether torchvision is absent or works with this torch; a pair of different builds fails at import."""
    try:
        import torchvision  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return True
    except (RuntimeError, OSError, AttributeError):
        return False
    return bool(torchvision.__version__)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"
