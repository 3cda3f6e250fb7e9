"""Command `report`: writes an HTML page about finished trainings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recgen.cli import show
from recgen.cli.app import Force, Products, Runs, app
from recgen.cli.loading import loaded, report_errors


@app.command()
def report(
    runs: Runs,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="FILE", help="Where to write the page.")
    ] = Path("report.html"),
    products: Products = None,
    force: Force = False,
) -> None:
    """Write an HTML page about finished trainings."""
    from recgen import write
    from recgen.analysis.report import MARK, report_page

    found, errors = loaded(runs, products=products)
    page = report_page(found)
    is_ours = write.begins_with(out, MARK)
    file = write.write_data(page.encode(), out, force=force or is_ours)
    show.line("wrote     " if file.changed else "unchanged ", str(out))
    raise typer.Exit(report_errors(errors))
