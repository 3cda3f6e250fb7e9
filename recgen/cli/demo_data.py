"""Command `demo-data`: writes sample transactions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recgen.cli import show
from recgen.cli.app import Force, app
from recgen.findings import counted


@app.command()
def demo_data(
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="A .parquet or .csv file.")
    ] = Path("demo.parquet"),
    rows: Annotated[int, typer.Option(metavar="N", help="Number of invoice lines.")] = 40_000,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="The same seed gives the same file.")
    ] = 0,
    force: Force = False,
) -> None:
    """Write sample transactions like those of a real shop."""
    from recgen import demo, write

    content = demo.demo_data(demo.kind_of_file(out), rows, seed)
    file = write.write_data(content, out, force=force)
    show.line("wrote     " if file.changed else "unchanged ", f"{out} ({counted(rows, 'row')})")
