"""Stored rows before a switch: which render, what they meant, what a person has to say.

Nothing is changed in its place: a proposal is a new version of a row.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from recgen.config import SIDES
from recgen.contrib.ml_platform.account import UNREADABLE
from recgen.contrib.ml_platform.experiment import FEATURE_FIELDS, MODEL_FIELDS, share_back
from recgen.contrib.ml_platform.plain import json_of, plain_row
from recgen.contrib.ml_platform.rows import Reading, examine_rows
from recgen.contrib.ml_platform.validation import features_for
from recgen.edit import apply
from recgen.findings import Finding, RecgenError, Report
from recgen.reading.plain import Plain

Kind = Literal["experiment", "features", "model", "unknown"]

_FEATURE_MARKS = ("buyer_model_features", "product_model_features")
_MODEL_MARKS = ("buyer_tower_layers", "product_tower_layers", "optimizer", "learning_rate")
_PAIRS = (("feature_config", "model_config"), ("features", "model"))
_REFERENCES = ("feature_config", "model_config")
_NO_VERSION = ("id", "pk", "created_at", "updated_at", "generated_at", "generated_transform_code")


@dataclass(frozen=True)
class Migrated:
    """What becomes of a row, or of an experiment that joins two.

    Attributes:
        line: Its place in the input, from 1.
        kind: What it is.
        name: Its name and its ID, for messages.
        renders: Whether code can be generated from it.
        report: What there is to say, in few findings.
        ignored: Settings that never had an effect, and how many there are.
        decided: What was decided where the row does not say it.
        ids: Output names of the IDs that were found, by tower.
        questions: What a person should answer.
        reasons: Codes of the errors or, if there are none, of the warnings.
        proposal: A new version of the row in today's form, with what is safe; None if it cannot be
            read, or if nothing would change.
    """

    line: int
    kind: Kind
    name: str
    renders: bool
    report: Report
    ignored: Mapping[str, int] = field(default_factory=dict)
    decided: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    proposal: Plain | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it as plain JSON data."""
        return {
            "line": self.line,
            "kind": self.kind,
            "name": self.name,
            "renders": self.renders,
            "ignored": dict(self.ignored),
            "decided": list(self.decided),
            "ids": dict(self.ids),
            "questions": list(self.questions),
            "reasons": list(self.reasons),
            "findings": [finding.as_dict() for finding in self.report.findings],
            "proposal": self.proposal,
        }


@dataclass(frozen=True)
class Migration:
    """What becomes of all rows."""

    rows: tuple[Migrated, ...]

    @property
    def refused(self) -> tuple[Migrated, ...]:
        """The rows from which no code can be generated."""
        return tuple(row for row in self.rows if not row.renders)

    @property
    def proposals(self) -> tuple[Plain, ...]:
        """New versions of rows, in their order."""
        return tuple(row.proposal for row in self.rows if row.proposal is not None)

    @property
    def totals(self) -> dict[str, int]:
        """Numbers of rows by reason: codes of errors of refused rows, of warnings of others."""
        counts = Counter(code for row in self.rows for code in row.reasons)
        return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))

    def as_dict(self) -> dict[str, object]:
        """Return it as plain JSON data."""
        return {
            "rows": [row.as_dict() for row in self.rows],
            "renders": len(self.rows) - len(self.refused),
            "refused": len(self.refused),
            "reasons": self.totals,
        }


def migrate(rows: Iterable[object]) -> Migration:
    """Return what becomes of stored rows.

    Args:
        rows: Feature configs, model configs and experiments, as mappings, JSON texts or objects. An
            experiment has its rows within (`feature_config` and `model_config`), or their IDs, if
            these rows are among the others. Exports of Django (`dumpdata`) are read, too.
    """
    given = [_plain(row) for row in rows]
    known = _by_id(given)
    return Migration(tuple(_migrated(line, row, known) for line, row in enumerate(given, start=1)))


def read_lines(text: str) -> list[object]:
    """Return the rows of a text: one JSON object a line, or one JSON document.

    A document is a list of rows, one row, or an object with lists of rows, such as the platform's
    answers. A line that is not JSON stays as it is: `migrate` refuses it.
    """
    try:
        document = json_of(text)
    except (ValueError, RecursionError):
        # Not `splitlines`, which also ends lines at signs that texts in JSON may have (U+2028).
        lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
        return [line for line in lines if line.strip()]
    if isinstance(document, list):
        return document
    if isinstance(document, dict) and _kind(_fields(document)) == "unknown":
        lists = [value for value in document.values() if isinstance(value, list) and value]
        rows = [row for each in lists for row in each]
        if rows and all(isinstance(row, dict) for row in rows):
            return rows
    return [document]


def _fields(document: Plain) -> Plain:
    """Return the fields of a row of Django's `dumpdata`; any other row as it is."""
    fields = document.get("fields")
    return fields if isinstance(fields, dict) else document


def _plain(row: object) -> Plain | RecgenError:
    names = FEATURE_FIELDS | MODEL_FIELDS | {"id", "version", *_REFERENCES}
    try:
        return plain_row(row, names, "row")
    except RecgenError as error:
        return error


def _kind(row: Plain) -> Kind:
    is_pair = any(all(row.get(key) for key in pair) for pair in _PAIRS)
    if is_pair or all(row.get(key) or row.get(f"{key}_id") for key in _REFERENCES):
        return "experiment"
    if any(row.get(mark) is not None for mark in _FEATURE_MARKS):
        return "features"
    if any(row.get(mark) is not None for mark in _MODEL_MARKS):
        return "model"
    return "unknown"


def _id(row: object) -> str:
    found = row.get("id", row.get("pk")) if isinstance(row, Mapping) else None
    return "" if found is None else str(found)


def _by_id(rows: Sequence[Plain | RecgenError]) -> dict[tuple[Kind, str], Plain]:
    """Return what experiments name; old versions of a feature config have keys of their own."""
    plain = [row for row in rows if isinstance(row, dict)]
    known = [(kind, row) for row in plain if (kind := _kind(row)) in ("features", "model")]
    return {(kind, _id(row)): row for kind, row in known if _id(row) and not _is_version(row)}


def _is_version(row: Plain) -> bool:
    return bool(row.get("feature_config") or row.get("feature_config_id"))


def _migrated(
    line: int, row: Plain | RecgenError, known: Mapping[tuple[Kind, str], Plain]
) -> Migrated:
    if isinstance(row, RecgenError):
        return _refused(line, "unknown", f"row {line}", row.message, row.help)
    kind = _kind(row)
    name = _name(row, kind, line)
    if kind == "unknown":
        help = "Export feature configs, model configs, or experiments with both."
        return _refused(line, kind, name, "this is neither of the platform's configs", help)
    if kind == "features":
        return _result(line, kind, name, examine_rows(row), {kind: row})
    if kind == "model":
        found = examine_rows(features_for(row), row)
        return _result(line, kind, name, _of_model(found), {kind: row})
    features, model = (_part(row, index, known) for index in range(2))
    if features is None or model is None:
        help = "Export both configs of the experiment as well, or put them into it."
        return _refused(line, kind, name, "its configs are not among the rows", help)
    given = {**_training_params(row), **row}
    own = {key: given[key] for key in given if key in MODEL_FIELDS or key in _EXPERIMENT}
    found = examine_rows(features, model, overrides=own)
    return _result(line, kind, name, found, {"features": features, "model": model})


_EXPERIMENT = ("split_strategy", "date_column", "gpu_config")
_OF_TRAININGS: Plain = {"epochs": 100, "batch_size": 8192, "learning_rate": 0.01}
"""What the platform sends to a training, or a schedule of them, whose `training_params` lack it."""


def _training_params(row: Plain) -> Plain:
    """Return the settings of a training or a schedule, which override those of its model."""
    params = row.get("training_params")
    if not isinstance(params, dict):
        return {}
    return _OF_TRAININGS | {key: value for key, value in params.items() if value is not None}


def _part(row: Plain, index: int, known: Mapping[tuple[Kind, str], Plain]) -> object:
    """Return the feature config (0) or the model config (1) of an experiment."""
    kind: Kind = "model" if index else "features"
    for pair in _PAIRS:
        given = row.get(pair[index])
        if given and not isinstance(given, (str, int)):
            return given
    reference = row.get(f"{_REFERENCES[index]}_id") or row.get(_REFERENCES[index])
    return known.get((kind, str(reference)))


def _of_model(found: Reading) -> Reading:
    """Return only what is about the model: its features are made up."""
    kept = tuple(f for f in found.report.findings if not f.path.startswith("features"))
    full = tuple(f for f in found.full.findings if not f.path.startswith("features"))
    return Reading(found.config, Report(kept), Report(full), found.account, found.experiment)


def _refused(line: int, kind: Kind, name: str, message: str, help: str) -> Migrated:
    finding = Finding(UNREADABLE, "error", "", message, help)
    return Migrated(line, kind, name, False, Report((finding,)), reasons=(UNREADABLE,))


def _name(row: Plain, kind: str, line: int) -> str:
    name, number = row.get("name") or row.get("experiment_name") or "", _id(row)
    words = [f"{kind} {number}" if number else f"{kind} in row {line}"]
    return " ".join([*words, str(name)] if name else words)


def _result(
    line: int, kind: Kind, name: str, found: Reading, rows: Mapping[str, object]
) -> Migrated:
    full = found.full
    codes = [each.code for each in full.errors or full.warnings]
    features = found.config.features if found.config else None
    ids = {side: features.id_of(side) for side in SIDES} if features and kind != "model" else {}
    return Migrated(
        line=line,
        kind=kind,
        name=name,
        renders=full.ok and found.config is not None,
        report=found.report,
        ignored=dict(found.account.ignored),
        decided=tuple(found.account.decided),
        ids={side: column for side, column in ids.items() if column},
        questions=tuple(found.account.questions),
        reasons=tuple(dict.fromkeys(codes)),
        proposal=_proposal(found, rows) if found.experiment else None,
    )


def _proposal(found: Reading, rows: Mapping[str, object]) -> Plain | None:
    """Return new versions of rows, with the fixes of warnings applied."""
    fixes = [finding.fix for finding in found.full.warnings if finding.fix]
    experiment = apply(found.experiment, fixes)
    sections: Plain = {}
    for section, row in rows.items():
        if not isinstance(row, dict):
            return None
        own = experiment["features"] if section == "features" else experiment["model"]
        sections[section] = _version(row, _as_stored(own) if section == "features" else own)
    if all(_same(sections[key], row) for key, row in rows.items() if isinstance(row, dict)):
        return None
    return sections if len(sections) > 1 else next(iter(sections.values()))


def _version(row: Plain, settings: Plain) -> Plain:
    """Return the next version of a row, which says what it is based on."""
    number = row.get("version")
    kept = {key: value for key, value in row.items() if key not in _NO_VERSION}
    is_counted = isinstance(number, int) and not isinstance(number, bool)
    return {
        **kept,
        **settings,
        "version": number + 1 if is_counted and isinstance(number, int) else 2,
        "based_on": _id(row) or None,
    }


def _as_stored(features: Plain) -> Plain:
    """Return features as the page stores them: with `enabled` in each transform."""
    found = dict(features)
    for side in SIDES:
        key = f"{side}_model_features"
        ids = found.pop(f"{side}_id_column", None)
        if isinstance(found.get(key), list):
            found[key] = [_switched_on(each, ids) for each in found[key]]
    share_back(found)
    return found


def _switched_on(feature: Any, id_column: object) -> Any:
    if not isinstance(feature, dict):
        return feature
    transforms = {
        name: {"enabled": True, **settings}
        for name, settings in (feature.get("transforms") or {}).items()
    }
    name = feature.get("display_name") or feature.get("column")
    marked = {"is_primary_id": True} if name == id_column else {}
    return {**feature, **marked, "transforms": transforms}


def _same(version: Plain, row: Plain) -> bool:
    """Return whether a version says nothing that the row does not say."""
    added = ("version", "based_on")
    return all(row.get(key) == value for key, value in version.items() if key not in added)


def lines_of(migration: Migration) -> Iterator[str]:
    """Yield the proposals as lines of JSON."""
    for proposal in migration.proposals:
        yield json.dumps(proposal, ensure_ascii=False, default=str)
