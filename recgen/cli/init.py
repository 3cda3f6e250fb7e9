"""Command `init`: writes a first config, from scratch, a preset or data."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Annotated

import typer

from recgen.cli import show
from recgen.cli.app import app
from recgen.cli.data_options import (
    BuyerId,
    DataOptions,
    Kind,
    ProductId,
    Target,
    Time,
    require_none,
)
from recgen.cli.output.proposal import summary, text_of
from recgen.cli.reading_options import (
    ColumnNames,
    Decimal,
    Delimiter,
    Encoding,
    Quote,
    TimeFormat,
    settings_of,
)
from recgen.findings import RecgenError, Report
from recgen.presets import find_preset, presets

_MOST_LETTERS = 255  # maximum length of a config's name


# One line for each: \b keeps click from joining them.
_PRESETS = "\n".join(f"  {each.name:15}  {each.summary}" for each in presets())

Data = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="File, folder or pattern to propose features from."),
]
PresetName = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Preset to start from, or to fit to --data; see below."),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", "-o", metavar="FILE", help="The config file.  [default: standard output]"
    ),
]
Name = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The name in the config.  [default: from the data]"),
]


@app.command(epilog=f"\b\nPresets:\n{_PRESETS}")
def init(
    data: Data = None,
    preset: PresetName = None,
    out: Out = None,
    name: Name = None,
    buyer_id: BuyerId = None,
    product_id: ProductId = None,
    time: Time = None,
    time_format: TimeFormat = None,
    target: Target = None,
    kind: Kind = None,
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
        require_none((*columns, target, kind), written)
        _deliver(_example(preset, name), out, force)
        return
    from recgen.proposal import Given

    start = find_preset(preset) if preset is not None else None
    options = DataOptions(Given(*columns), settings_of(written), start, target, kind)
    _init_from_data(data, (name or data.stem)[:_MOST_LETTERS], options, out, force)


def _example(preset: str | None, name: str | None) -> str:
    """Return the text of a preset, or of a config to start from."""
    if preset is not None:
        return _named(find_preset(preset).text, name)
    from recgen.proposal import blank_config

    return blank_config((name or "my_experiment")[:_MOST_LETTERS])


def _named(text: str, name: str | None) -> str:
    """Return a config's text with another name, otherwise unchanged."""
    if name is None:
        return text
    lines = text.split("\n")
    at = next(index for index, line in enumerate(lines) if line.startswith("name: "))
    lines[at] = f"name: {json.dumps(name[:_MOST_LETTERS], ensure_ascii=False)}"
    return "\n".join(lines)


def _init_from_data(
    data: Path, name: str, options: DataOptions, out: Path | None, force: bool
) -> None:
    from recgen.check import check_text
    from recgen.local.ingest import AskedError, as_option
    from recgen.local.profile import read_profile  # imports pyarrow
    from recgen.proposal import OPTIONS, Wanted, propose, read_recipe, reading_of

    recipe = read_recipe(options.preset.name, options.preset.text) if options.preset else None
    wanted = Wanted.of(options.target, options.kind, recipe)
    try:
        profile = read_profile(data, reading_of(options.settings))
        proposal = propose(
            profile, name, data.name, options.given, options.settings, recipe, wanted
        )
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
    asked = [option for option in missing if option.endswith("-id")]
    step = _next_step(report, data, options, out, asked)
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
    report: Report, data: Path, options: DataOptions, out: Path | None, missing: Sequence[str]
) -> str:
    """Return the next command; `missing` are the options for IDs that were not found."""
    quoted = shlex.quote(str(data))
    if missing:
        asked = "".join(f" {option} COLUMN" for option in missing)
        file = f" -o {shlex.quote(str(out))} --force" if out else " -o config.yaml"
        return f"recgen init --data {quoted}{options.text}{asked}{file}"
    if out is None:
        return f"recgen init --data {quoted}{options.text} -o config.yaml"
    command = "train" if report.ok else "check"
    return f"recgen {command} {shlex.quote(str(out))} --data {quoted}"
