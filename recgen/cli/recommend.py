"""Command `recommend`: shows the recommendations of a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recgen.cli import show
from recgen.cli.app import app


@app.command()
def recommend(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.")],
    buyer: Annotated[str, typer.Option(metavar="ID", help="The buyer's ID.")],
    k: Annotated[
        int, typer.Option("-k", metavar="N", min=1, max=10_000, help="Number of products.")
    ] = 10,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A product to leave out; repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="Recommend only this product; repeatable."),
    ] = None,
    rerank: Annotated[
        bool,
        typer.Option("--rerank", help="Sort a multitask model's products by its predictions."),
    ] = False,
) -> None:
    """Show the top products for a buyer, next to the last purchases.

    A multitask model's predictions are shown beside its scores.
    """
    from recgen.cli.output import training
    from recgen.local.recommend import recommend as ask

    show.table(training.answer(ask(run, buyer, k, exclude or (), only or (), rerank)))
