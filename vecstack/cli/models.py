"""vecstack models: the models that ship with the program."""

from __future__ import annotations

import json

import typer

from vecstack.cli.arguments import AsJson

app = typer.Typer(help="List and verify the models that ship with vecstack.", no_args_is_help=True)


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the shipped models and what they are for."""
    from vecstack.models import available_models

    models = available_models()
    if as_json:
        entries = [
            {"name": m.name, "description": m.description, "sha256": m.sha256, "path": str(m.path)} for m in models
        ]
        typer.echo(json.dumps(entries, indent=2))
        return
    for model in models:
        typer.echo(f"{model.name:<10} {model.description}")


@app.command("verify")
def verify() -> None:
    """Check that the weights are byte for byte the published ones."""
    from vecstack.models import available_models, verify_model

    for model in available_models():
        verify_model(model)
        typer.echo(f"{model.name:<10} ok {model.sha256}")
