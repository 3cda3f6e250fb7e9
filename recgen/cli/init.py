"""Command `init`: writes a first config, from scratch, a preset or data."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from recgen.cli import show
from recgen.cli.app import app
from recgen.cli.output.proposal import summary, text_of
from recgen.cli.reading_options import (
    ColumnNames,
    Decimal,
    Delimiter,
    Encoding,
    Quote,
    TimeFormat,
    options_of,
    settings_of,
)
from recgen.findings import RecgenError, Report
from recgen.presets import Preset, find_preset, presets

if TYPE_CHECKING:
    from recgen.proposal import Given

_MOST_LETTERS = 255  # maximum length of a config's name


# One line for each: \b keeps click from joining them.
_PRESETS = "\n".join(f"  {each.name:15}  {each.summary}" for each in presets())


@app.command(epilog=f"\b\nPresets:\n{_PRESETS}")
def init(
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File, folder or pattern to propose features from."),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Preset to start from, or to fit to --data; see below."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="FILE", help="The config file.  [default: standard output]"
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The name in the config.  [default: from the data]"),
    ] = None,
    buyer_id: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The column with the buyer's ID.  [default: found]"),
    ] = None,
    product_id: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The column with the product's ID.  [default: found]"),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The time of the purchase.  [default: found]"),
    ] = None,
    time_format: TimeFormat = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="The column that ranking predicts."),
    ] = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    quote: Quote = None,
    decimal: Decimal = None,
    column_names: ColumnNames = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
) -> None:
    """Write a first config: an example, or a preset, or from data."""
    if out is not None and out.suffix.lower() not in (".yaml", ".yml"):
        raise RecgenError(f"{out} is not a YAML file name", "end it in .yaml: it has comments")
    columns = (buyer_id, product_id, time, time_format)
    written = {
        "encoding": encoding,
        "delimiter": delimiter,
        "quote": quote,
        "decimal": decimal,
        "column_names": column_names,
    }
    if data is None:
        _require_no_data_options((*columns, target), written)
    start = find_preset(preset) if preset is not None else None
    if start is not None and data is None:
        _deliver(_named(start.text, name), out, force)
        return
    named = name or (data.stem if data is not None else "my_experiment")
    if data is None:
        from recgen.proposal import blank_config

        _deliver(blank_config(named[:_MOST_LETTERS]), out, force)
        return
    from recgen.proposal import Given

    told = _Told(Given(*columns), settings_of(written), start, target)
    _init_from_data(data, named[:_MOST_LETTERS], told, out, force)


@dataclass(frozen=True)
class _Told:
    """What the user said: columns for the roles, keys of `data`, a preset to fit, a target."""

    given: Given
    settings: Mapping[str, Any]
    preset: Preset | None = None
    target: str | None = None

    @property
    def options(self) -> str:
        """The options that say it."""
        from recgen.proposal import OPTIONS, TIME_FORMAT

        told = [(OPTIONS[role], self.given.of(role)) for role in OPTIONS]
        told.append((TIME_FORMAT, self.given.time_format))
        roles = "".join(f" {option} {shlex.quote(name)}" for option, name in told if name)
        preset = f" --preset {self.preset.name}" if self.preset else ""
        target = f" --target {shlex.quote(self.target)}" if self.target is not None else ""
        return f"{preset}{roles}{target}{options_of(self.settings)}"


def _require_no_data_options(
    columns: tuple[str | None, ...], written: Mapping[str, str | None]
) -> None:
    if any(name is not None for name in columns):
        raise RecgenError(
            "--buyer-id, --product-id, --time, --time-format and --target are about the data",
            "add --data FILE",
        )
    options = options_of({key: "" for key, value in written.items() if value is not None})
    if options:
        names = " and ".join(word for word in options.split() if word.startswith("--"))
        raise RecgenError(f"{names}: there is no data to read", "add --data FILE")


def _named(text: str, name: str | None) -> str:
    """Return a config's text with another name, otherwise unchanged."""
    if name is None:
        return text
    lines = text.split("\n")
    at = next(index for index, line in enumerate(lines) if line.startswith("name: "))
    lines[at] = f"name: {json.dumps(name[:_MOST_LETTERS], ensure_ascii=False)}"
    return "\n".join(lines)


def _init_from_data(data: Path, name: str, told: _Told, out: Path | None, force: bool) -> None:
    from recgen.check import check_text
    from recgen.local.ingest import AskedError, as_option
    from recgen.local.profile import read_profile  # imports pyarrow
    from recgen.proposal import OPTIONS, propose, read_recipe, reading_of, wanted_target

    recipe = read_recipe(told.preset.name, told.preset.text) if told.preset else None
    wanted = wanted_target(told.target, recipe)
    try:
        profile = read_profile(data, reading_of(told.settings))
        proposal = propose(profile, name, data.name, told.given, told.settings, recipe, wanted)
    except AskedError as error:
        raise error.spelled(as_option) from error
    stream = _deliver(proposal.text, out, force)
    show.line(stream=stream)
    for label, rest in map(text_of, summary(proposal, profile)):
        show.line(label, rest, stream=stream)
    report = check_text(_text(proposal.text, out), "yaml", str(out or "config"), profile=profile)
    show.line(stream=stream)
    show.findings(report, stream)
    show.line((f"check: {report.summary()}", "green" if report.ok else "red"), stream=stream)
    show.line(stream=stream)
    missing = [OPTIONS[role] for role, choice in proposal.keys.roles() if choice.name is None]
    step = _next_step(report, data, told, out, [each for each in missing if each.endswith("-id")])
    show.line(f"next: {step}", stream=stream, wrap=False)
    if not report.ok:
        raise typer.Exit(1)


def _deliver(text: str, out: Path | None, force: bool) -> IO[str]:
    """Write or print the config; return the stream for all other output."""
    if out is None:
        sys.stdout.write(text)
        return sys.stderr
    from recgen.proposal import SCHEMA_FILE
    from recgen.schema import schema_text
    from recgen.write import write_all

    files = {out: _text(text, out), out.parent / SCHEMA_FILE: schema_text()}
    contents = {path: content.encode() for path, content in files.items()}
    for file in write_all(contents, force=force):
        show.line("wrote     " if file.changed else "unchanged ", str(file.path))
    return sys.stdout


def _text(text: str, out: Path | None) -> str:
    """Return the text to deliver: a file names its schema, for editors."""
    from recgen.proposal import SCHEMA_LINE

    return text if out is None else f"{SCHEMA_LINE}\n{text}"


def _next_step(
    report: Report, data: Path, told: _Told, out: Path | None, missing: Sequence[str]
) -> str:
    """Return the next command; `missing` are the options for IDs that were not found."""
    quoted = shlex.quote(str(data))
    if missing:
        asked = "".join(f" {option} COLUMN" for option in missing)
        file = f" -o {shlex.quote(str(out))} --force" if out else " -o config.yaml"
        return f"recgen init --data {quoted}{told.options}{asked}{file}"
    if out is None:
        return f"recgen init --data {quoted}{told.options} -o config.yaml"
    command = "train" if report.ok else "check"
    return f"recgen {command} {shlex.quote(str(out))} --data {quoted}"
