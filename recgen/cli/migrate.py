"""Command `migrate`: what becomes of a platform's stored rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recgen.cli import show
from recgen.cli.app import Force, Output, app
from recgen.findings import RecgenError, counted

if TYPE_CHECKING:
    from recgen.contrib.ml_platform.migration import Migrated, Migration

_MOST = 1_000_000_000  # bytes


@app.command()
def migrate(
    rows: Annotated[
        Path, typer.Argument(metavar="ROWS", help="Exported rows: JSON lines, or a JSON list.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="Where to write proposals.  [default: ROWS.proposed.jsonl]",
        ),
    ] = None,
    format: Annotated[Output, typer.Option("--format", help="Form of the output.")] = Output.text,
    force: Force = False,
) -> None:
    """Say what becomes of stored rows, and propose new versions."""
    from recgen import write
    from recgen.contrib.ml_platform.migration import lines_of, read_lines
    from recgen.contrib.ml_platform.migration import migrate as migrated

    target = out or rows.with_suffix(".proposed.jsonl")
    if target.resolve() == rows.resolve():
        raise RecgenError(f"{target} has the rows themselves", "name another file with --out")
    stored = read_lines(_text(rows))
    if not stored:
        raise RecgenError(f"{rows} has no rows", "export feature configs and model configs")
    found = migrated(stored)
    if format is Output.json:
        print(json.dumps(found.as_dict(), indent=2, ensure_ascii=False, default=str))
    else:
        _show(found)
    text = "".join(f"{line}\n" for line in lines_of(found))
    if text:
        done = write.write_data(text.encode(), target, force=force)
        if format is Output.text:
            show.line("wrote     " if done.changed else "unchanged ", str(target))
    raise typer.Exit(1 if found.refused else 0)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST + 1)
    except OSError as error:
        raise RecgenError(f"cannot read {path}: {error.strerror}", "check the path") from error
    if len(content) > _MOST:
        raise RecgenError(f"{path} is larger than 1 GB", "export fewer rows at a time")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecgenError(f"{path} is not UTF-8: {error}", "save the file as UTF-8") from error


def _show(found: Migration) -> None:
    for row in found.rows:
        _show_row(row)
    count = len(found.rows)
    show.title(
        f"{counted(count, 'row')}: {count - len(found.refused)} render, "
        f"{len(found.refused)} refused"
    )
    for code, rows in found.totals.items():
        show.line(f"{code}  {counted(rows, 'row')}", indent=2)


def _show_row(row: Migrated) -> None:
    style = ("renders", "green") if row.renders else ("refused", "red")
    ids = ", ".join(f"{side} ID {column}" for side, column in row.ids.items())
    show.line(style, f"   row {row.line}: {row.name}" + (f" ({ids})" if ids else ""))
    for finding in row.report.findings:
        place = f"{finding.path}: " if finding.path else ""
        show.line((finding.code, "bold"), f" {place}{finding.message}", indent=2)
        if finding.help and finding.severity != "info":
            show.line(f"help: {finding.help}", indent=4)
    for question in row.questions:
        show.line(("asked", "bold yellow"), f" {question}", indent=2)
