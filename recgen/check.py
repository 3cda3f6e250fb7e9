"""Checking a config: all findings of reading, validation and rules. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from recgen.config import DataConfig, ExperimentConfig, FeatureConfig
from recgen.data.columns import read_as_configured
from recgen.data.profile import OpensProfile, Profile
from recgen.findings import (
    ArgumentError,
    ConfigError,
    Finding,
    Fix,
    RecgenError,
    Report,
    Severity,
    counted,
    join_path,
    kind_of,
)
from recgen.reading import Document, Parsed, parse, parse_sections, read
from recgen.reading.document import MAX_FINDINGS, UnreadableError
from recgen.reading.sources import TextKind, document_of, file_text, read_text, text_document
from recgen.rules import RULES, Problem, Rule, ignores
from recgen.rules.ignores import is_ignorable

_FEATURE = 3  # parts of a feature's path: section, list, index
_RANKS: dict[Severity, int] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True)
class Checked:
    """A source that was read once: all findings on it, and its config if it is valid."""

    report: Report
    config: ExperimentConfig | None


def check(
    source: object = None,
    *,
    features: object = None,
    model: object = None,
    profile: Profile | OpensProfile | None = None,
    allow: Collection[str] = (),
) -> Report:
    """Return all findings on an experiment, or on a feature and a model config alone.

    Errors in the config are findings and never raise.

    Args:
        source: A path, a mapping, an ExperimentConfig or an object with its attributes.
        features: A feature config in one of these forms, except a path; the paths of findings
            start within it.
        model: A model config, likewise.
        profile: A profile of the data, or a function that opens it as the config's `data` says;
            if given, the config is compared with the data.
        allow: Codes of errors to treat as warnings.

    Raises:
        RecgenError: A code in `allow` does not exist or cannot be allowed.
        ArgumentError: `source` is given together with `features` or `model`.
    """
    _check_codes(allow)
    given = {"features": features, "model": model}
    sections = {name: value for name, value in given.items() if value is not None}
    if source is not None and sections:
        raise ArgumentError("give either source, or features and model")
    if sections:
        return _report(parse_sections(sections), 1, profile).allowing(allow)
    return examine(source, profile=profile, allow=allow).report


def examine(
    source: object, *, profile: Profile | OpensProfile | None = None, allow: Collection[str] = ()
) -> Checked:
    """Return the config of a source together with the findings on it.

    The result for the last file is cached, so `check` followed by `load` parses and checks a file
    only once.

    Args:
        source: A path, a mapping, an ExperimentConfig or an object with its attributes.
        profile: A profile of the data, or a function that opens it as the config's `data` says;
            if given, the config is compared with the data.
        allow: Codes of errors to treat as warnings.

    Raises:
        RecgenError: A code in `allow` does not exist or cannot be allowed.
    """
    _check_codes(allow)
    found = _examined(source, profile)
    return Checked(found.report.allowing(allow), found.config)


def _examined(source: object, profile: Profile | OpensProfile | None) -> Checked:
    if isinstance(source, (str, Path)) and profile is None:
        try:
            return _examined_file(file_text(str(source)), str(source))
        except UnreadableError:
            pass  # reading it as a document turns this into a finding
    parsed = parse(read(source))
    return Checked(_report(parsed, 0, profile), parsed.config)


@lru_cache(maxsize=1)
def _examined_file(text: str, name: str) -> Checked:
    parsed = parse(document_of(text, name))
    return Checked(_report(parsed, 0), parsed.config)


def check_text(
    text: str | bytes | None,
    kind: TextKind = "yaml",
    source: str | None = None,
    *,
    profile: Profile | OpensProfile | None = None,
    allow: Collection[str] = (),
) -> Report:
    """Return all findings on a text, with their lines and columns.

    Whatever the text is, this does not raise: that it is not YAML is a finding, too.

    Args:
        text: The text of a config, such as that of a form on a page, or its bytes in UTF-8; None is
            an empty one.
        kind: Its syntax; YAML includes JSON.
        source: The name of the file that it is in, for messages.
        profile: A profile of the data; if given, the config is compared with the data.
        allow: Codes of errors to treat as warnings.

    Raises:
        RecgenError: A code in `allow` does not exist or cannot be allowed.
    """
    _check_codes(allow)
    parsed = parse(text_document(text, kind, source))
    return _report(parsed, 0, profile).allowing(allow)


def examine_text(
    text: str,
    kind: TextKind,
    source: str | None = None,
    profile: Profile | OpensProfile | None = None,
) -> Checked:
    """Return the same together with the config.

    Raises:
        UnreadableError: The text is not YAML or JSON.
    """
    parsed = parse(read_text(text, kind, source))
    return Checked(_report(parsed, 0, profile), parsed.config)


def examine_parsed(parsed: Parsed) -> Checked:
    """Return the findings on what was parsed, together with its config."""
    return Checked(_report(parsed, 0), parsed.config)


def load(source: object, *, allow: Collection[str] = ()) -> ExperimentConfig:
    """Return the config of a path, a mapping or an object, if `check` finds no error in it.

    Raises:
        ConfigError: There are errors; the exception's report has all findings.
        RecgenError: A code in `allow` does not exist or cannot be allowed.
    """
    found = examine(source, allow=allow)
    if found.config is None or not found.report.ok:
        raise ConfigError(found.report)
    return found.config


def left_out(select: Collection[str], ignore: Collection[str]) -> frozenset[str]:
    """Return the codes that a selection excludes, for `Report.without`.

    Errors that cannot be allowed are never excluded: a config with one cannot be rendered.

    Args:
        select: Codes or prefixes (`RG2`) to include; none means all.
        ignore: Codes or prefixes to exclude.

    Raises:
        RecgenError: A code does not exist, or it is an error that cannot be allowed.
    """
    _check_codes([code for code in ignore if code in RULES])
    selected = _codes_of(select) if select else set(RULES)
    wanted = selected - _codes_of(ignore)
    return frozenset(
        code for code, rule in RULES.items() if is_ignorable(rule) and code not in wanted
    )


def _codes_of(beginnings: Collection[str]) -> set[str]:
    codes: set[str] = set()
    for beginning in beginnings:
        found = {code for code in RULES if beginning and code.startswith(beginning)}
        if not found:
            raise _unknown(beginning)
        codes |= found
    return codes


def _require_profile(profile: object) -> None:
    if profile is not None and not callable(profile) and not hasattr(profile, "read_as"):
        raise ArgumentError(
            f"profile is {kind_of(profile)}",
            "pass what recgen.profile returns: profile=recgen.profile(data)",
        )


def _check_codes(allow: Collection[str]) -> None:
    if not isinstance(allow, Collection) or isinstance(allow, (str, bytes, Mapping)):
        raise ArgumentError(f"allow is {kind_of(allow)}", 'pass a list of codes: ["RG201"]')
    for code in allow:
        rule = RULES.get(code)
        if rule is None:
            raise _unknown(code)
        if not is_ignorable(rule):
            codes = ", ".join(rule.code for rule in RULES.values() if rule.allowable)
            message = f"{code} cannot be allowed or ignored: the rendered code would not work"
            raise RecgenError(message, f"Fix the config; only {codes} can be allowed.")


def _unknown(code: object) -> RecgenError:
    help = "Codes look like RG201; `recgen explain` lists them."
    return RecgenError(f"there is no rule {code!r}", help)


def _report(parsed: Parsed, depth: int, profile: Profile | OpensProfile | None = None) -> Report:
    """Return the report; `depth` is the number of path parts above what was given."""
    _require_profile(profile)
    document = parsed.document
    if callable(profile):
        data = parsed.sections.get("data")  # without it, nobody knows how the file is read
        profile = profile(data) if isinstance(data, DataConfig) else None
    sections: dict[str, object] = {**parsed.sections}
    if profile is not None:
        sections["profile"] = _as_configured(profile, sections)
    told = list(_rule_findings(sections, document, depth))
    found = [*parsed.findings, *(finding for _, finding in told)]
    left, ignored = ignores.apply(found, document, RULES, _unasked(sections))
    left = _without_contradictions(left, told)
    # By position where there is one; otherwise the stable sort keeps validation before rules.
    left.sort(key=lambda finding: (finding.line or 0, finding.column or 0))
    listed = tuple(_listed(left, parsed.unlisted))
    return Report(listed, document.source, document.text, tuple(ignored[:MAX_FINDINGS]))


def _as_configured(profile: Profile, sections: Mapping[str, object]) -> Profile:
    """Return the profile of the data, read as the config says as far as it is valid."""
    features, data = sections.get("features"), sections.get("data")
    data = data if isinstance(data, DataConfig) else DataConfig()
    if not isinstance(features, FeatureConfig):
        return profile.read_as(data)
    return read_as_configured(features, data, profile)


def _listed(found: list[Finding], unlisted: int) -> list[Finding]:
    """Return the findings; if there are too many, the most severe ones and a count of the rest."""
    more = max(0, len(found) - MAX_FINDINGS) + unlisted
    if not more:
        return found
    ranked = sorted(range(len(found)), key=lambda index: _RANKS[found[index].severity])
    first, rest = sorted(ranked[:MAX_FINDINGS]), ranked[MAX_FINDINGS:]
    severity = "error" if unlisted else found[rest[0]].severity
    message = counted(more, "more finding")
    last = Finding("RG015", severity, "", message, "Fix these first, then check again.")
    return [*(found[index] for index in first), last]


def _rule_findings(
    sections: Mapping[str, object], document: Document, depth: int
) -> Iterator[tuple[Problem, Finding]]:
    for rule in RULES.values():
        for problem in rule.problems(sections):
            yield problem, _finding(rule, problem, document, depth)


def _without_contradictions(
    left: list[Finding], told: Sequence[tuple[Problem, Finding]]
) -> list[Finding]:
    """Return the findings without those that advise otherwise than a stronger one on a feature.

    One that is ignored, with a reason, is not stronger.
    """
    heeded = {(each.code, each.path, each.message) for each in left if each.ignored is None}
    spoken = {
        (finding.code, place[:_FEATURE])
        for problem, finding in told
        if (finding.code, finding.path, finding.message) in heeded
        for place in (problem.path, *problem.also_of)
    }
    silent = {
        (finding.code, finding.path, finding.message)
        for problem, finding in told
        if any((code, problem.path[:_FEATURE]) in spoken for code in RULES[finding.code].unless)
    }
    return [each for each in left if (each.code, each.path, each.message) not in silent]


def _unasked(sections: Mapping[str, object]) -> frozenset[str]:
    """Return the codes of rules that need sections that are missing, such as the data."""
    return frozenset(code for code, rule in RULES.items() if not rule.sees_everything(sections))


def _finding(rule: Rule, problem: Problem, document: Document, depth: int) -> Finding:
    line, column, end = document.position(problem.path)
    location = problem.path[depth:]
    path = join_path(location)
    then = tuple(Fix(path[depth:], op, value, problem.safe) for path, op, value in problem.then)
    fix = Fix(location, *problem.fix, safe=problem.safe, then=then) if problem.fix else None
    severity = problem.severity or rule.severity
    return Finding(
        code=rule.code,
        severity=severity,
        path=path,
        message=problem.message,
        help=problem.help,
        line=line,
        column=column,
        fix=fix,
        end_column=end,
    )
