"""Output of `recgen inspect`."""

from __future__ import annotations

import datetime
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence

from recgen.cli import show
from recgen.cli.table import table
from recgen.findings import counted
from recgen.inspect.records.schema import FeatureSchema
from recgen.inspect.report import (
    Count,
    Entry,
    FeatureReport,
    Inspection,
    ModelReport,
    SplitReport,
    Value,
    VocabularyReport,
)

_SORTS = {
    "records": "a TFRecord file",
    "split": "a folder of TFRecord files",
    "splits": "splits of TFRecord files",
    "vocabulary": "a vocabulary",
    "transform": "a transform output",
    "model": "a SavedModel",
    "run": "a run directory",
    "pipeline": "the root of a pipeline",
}
_STYLES = {"error": "bold red", "warning": "bold yellow", "info": "bold blue"}
_SHOWN_VALUES = 8  # values of a list
_SHOWN_TEXT = 60  # characters of a value
_PIPE_WIDTH = 120  # where there is no terminal
_INDENT = 2
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_TIMES = (631_152_000, 4_102_444_800)  # 1990 to 2100, in epoch seconds


def show_inspection(found: Inspection) -> None:
    """Print an inspection: its parts, its issues and a summary."""
    show.line((f"{found.path}: {_SORTS[found.sort]}", "bold"))
    for part, sort in found.parts.items():
        show.line((f"{sort:<11}", "dim"), part, indent=_INDENT)
    for split in found.splits:
        _show_split(split, found.words)
    if found.vocabularies:
        is_counted = any(each.unused is not None for each in found.vocabularies)
        show.title("vocabularies" + (", with training values in brackets" if is_counted else ""))
        for vocabulary in found.vocabularies:
            _show_vocabulary(vocabulary)
    _show_schema("raw columns", found.raw_schema)
    _show_schema("transformed features", found.schema)
    for model in found.models:
        _show_model(model)
    _show_issues(found)


def _width() -> int:
    if not sys.stdout.isatty():
        return _PIPE_WIDTH
    return shutil.get_terminal_size().columns - _INDENT


def _show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table without the columns that have nothing to say."""
    used = [n for n in range(len(header)) if n == 0 or any(row[n] for row in rows)]
    names, *cells = [[row[n] for n in used] for row in (header, *rows)]
    align = "l".ljust(len(used), "r")
    show.table(table(names, cells, align, _width()), indent=_INDENT, wrap=True)


def _show_split(split: SplitReport, words: Mapping[str, Mapping[int, str]]) -> None:
    files = counted(len(split.files), "file")
    size = _size(sum(file.size for file in split.files))
    show.title(f"{split.name or 'examples'}: {counted(split.rows, 'row')} in {files}, {size}")
    if split.malformed:
        show.line(f"{counted(split.malformed, 'more record')} without an example", indent=_INDENT)
    if split.rows:
        repeated = _count(split.duplicates) if split.duplicates.value else "no"
        text = f"{repeated} rows are equal to an earlier one"
        if split.seen is not None:
            text += f", {_share(split.seen)} to a training row"
        show.line(text, indent=_INDENT)
    if split.features:
        show.line()
        header = ("feature", "type", "nulls", "values", "unique", "range", "OOV", "not in train")
        _show_table(header, [_feature(feature, split.rows) for feature in split.features])
    if split.first:
        show.line()
        for number, row in enumerate(split.first, start=1):
            values = (_value(name, row[name], words.get(name, {})) for name in row)
            show.line((f"{number}  ", "dim"), ", ".join(values), indent=_INDENT)


def _feature(feature: FeatureReport, rows: int) -> tuple[str, ...]:
    unknown = feature.out_of_vocabulary
    counts = f"{feature.fewest:,}"
    if feature.fewest != feature.most:
        counts += f" … {feature.most:,}"
    return (
        feature.name,
        feature.kind,
        _share(feature.nulls / rows) if rows else "",
        counts if feature.most > 1 else "",
        _count(feature.unique),
        _range(feature),
        _share(unknown / feature.values) if unknown is not None and feature.values else "",
        _share(feature.unseen) if feature.unseen is not None and _is_discrete(feature) else "",
    )


def _is_discrete(feature: FeatureReport) -> bool:
    """Return whether unseen values matter: not for real numbers, nor for times."""
    return feature.kind != "float" and not _are_times(feature)


def _are_times(feature: FeatureReport) -> bool:
    low, high = feature.low, feature.high
    if feature.kind != "int64" or low is None or high is None:
        return False
    return _TIMES[0] <= low and high < _TIMES[1]


def _range(feature: FeatureReport) -> str:
    low, high = feature.low, feature.high
    if low is None or high is None:
        return ""
    if feature.kind == "bytes":
        return f"{low:,} … {high:,} bytes" if low != high else f"{low:,} bytes"
    if _are_times(feature):
        return f"{_day(low)} … {_day(high)}"
    return f"{_number(low)} … {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _day(seconds: float) -> str:
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc):%Y-%m-%d %H:%M}"


def _value(name: str, values: Sequence[Value], words: Mapping[int, str]) -> str:
    shown = [_one(value, words) for value in values[:_SHOWN_VALUES]]
    if len(values) > _SHOWN_VALUES:
        shown.append(f"… {counted(len(values), 'value')}")
    text = shown[0] if len(values) == 1 else f"[{', '.join(shown)}]"
    return f"{name} {text}"


def _one(value: Value, words: Mapping[int, str]) -> str:
    if isinstance(value, int) and words:
        return f"{value} {_quoted(words[value])}" if value in words else f"{value} (no entry)"
    return _quoted(value) if isinstance(value, str) else _number(value).replace(",", "")


def _quoted(text: str) -> str:
    return f"'{text if len(text) <= _SHOWN_TEXT else text[:_SHOWN_TEXT] + '…'}'"


def _show_vocabulary(found: VocabularyReport) -> None:
    of = f", indices of {found.feature}" if found.feature else ""
    show.line(
        (found.name, "bold"), f"  {counted(found.entries, 'entry', 'entries')}{of}", indent=_INDENT
    )
    if found.unused:
        show.line(f"{found.unused:,} entries are in no training row", indent=2 * _INDENT)
    if found.head:
        show.line("first  ", _entries(found.head), indent=2 * _INDENT)
    if found.tail:
        show.line("last   ", _entries(found.tail), indent=2 * _INDENT)


def _entries(entries: Sequence[Entry]) -> str:
    return ", ".join(
        _quoted(entry.text) + ("" if entry.count is None else f" ({entry.count:,})")
        for entry in entries
    )


def _show_schema(title: str, features: Sequence[FeatureSchema]) -> None:
    if features:
        show.title(title)
        _show_table(("feature", "type", "values", "range"), list(map(_schema_row, features)))


def _schema_row(feature: FeatureSchema) -> tuple[str, ...]:
    shape = "any number" if feature.shape is None else ""
    if feature.shape:
        shape = " by ".join("?" if size < 0 else f"{size:,}" for size in feature.shape)
    has_range = feature.low is not None and feature.high is not None
    range_ = f"{feature.low:,} … {feature.high:,}" if has_range else ""
    return (feature.name, feature.kind, shape, range_)


def _show_model(model: ModelReport) -> None:
    version = f", written by TensorFlow {model.tensorflow}" if model.tensorflow else ""
    show.title(f"{model.name}{version}")
    for signature in model.signatures:
        show.line((signature.name, "bold"), indent=_INDENT)
        rows = [("in", f"{t.name}: {t.dtype} {t.shape}") for t in signature.inputs]
        rows += [("out", f"{t.name}: {t.dtype} {t.shape}") for t in signature.outputs]
        show.table(table(("", ""), rows, "ll"), indent=2 * _INDENT, wrap=True)
    if model.variables:
        show.line(("variables", "bold"), indent=_INDENT)
        texts = (f"{each.name}: {each.dtype} {each.shape}" for each in model.variables)
        show.lines(f"{'':{2 * _INDENT}}{text}" for text in texts)


def _show_issues(found: Inspection) -> None:
    show.line()
    for issue in found.issues:
        mark = (f"{issue.severity} {issue.slug}", _STYLES[issue.severity])
        place = f" {issue.place}" if issue.place else ""
        show.line(mark, f"{place}: {issue.message}")
    counts = list(_counted(found))
    summary = ", ".join(counts) or "no issues"
    show.line((f"{found.path}: {summary}", "green" if found.ok else "red"))


def _counted(found: Inspection) -> Iterator[str]:
    for severity, word in (("error", "error"), ("warning", "warning"), ("info", "note")):
        count = sum(issue.severity == severity for issue in found.issues)
        if count:
            yield counted(count, word)


def _count(count: Count) -> str:
    return f"{'' if count.is_exact else '≈ '}{count.value:,}"


def _share(share: float) -> str:
    """Return a percentage, in which only a share of 0 looks like 0."""
    return f"{share:.1%}" if share == 0 or share >= 0.0005 else "< 0.1%"


def _size(count: float) -> str:
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:,.1f} {_UNITS[unit]}" if unit else f"{count:,} {_UNITS[0]}"
