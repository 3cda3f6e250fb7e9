"""All findings on a config: reading, shape, rules. Writes nothing and raises nothing for it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from recgen.config import ExperimentConfig
from recgen.findings import ConfigError, Finding, Fix, RecgenError, Report, join_path
from recgen.load import Document, Parsed, parse, parse_sections, read
from recgen.profile import Profile
from recgen.rules import RULES, Problem, Rule


def check(
    source: object = None,
    *,
    features: object = None,
    model: object = None,
    profile: Profile | None = None,
    allow: Collection[str] = (),
) -> Report:
    """Returns all findings on an experiment, or on a feature and a model config alone.

    Never raises for what a user wrote.

    Args:
        source: A path, a mapping, an ExperimentConfig or an object with its attributes.
        features: A feature config, in the same forms but no path; paths start within it.
        model: A model config, likewise.
        profile: What the data is like; with it, the config is compared with the data.
        allow: Codes of errors to be had as warnings.

    Raises:
        RecgenError: A code in `allow` is not known or cannot be allowed.
        TypeError: `source` is given together with `features` or `model`.
    """
    _check_codes(allow)
    given = {"features": features, "model": model}
    sections = {name: value for name, value in given.items() if value is not None}
    if source is not None and sections:
        raise TypeError("give either source, or features and model")
    parsed = parse_sections(sections) if sections else parse(read(source))
    return _report(parsed, 1 if sections else 0, profile).allowing(allow)


def require(source: object, *, allow: Collection[str] = ()) -> ExperimentConfig:
    """Returns the config when `check` finds no error in it.

    Raises:
        ConfigError: There are errors; the exception's report has all findings.
        RecgenError: A code in `allow` is not known or cannot be allowed.
    """
    _check_codes(allow)
    parsed = parse(read(source))
    report = _report(parsed, depth=0).allowing(allow)
    if parsed.config is None or not report.ok:
        raise ConfigError(report)
    return parsed.config


def _check_codes(allow: Collection[str]) -> None:
    for code in allow:
        rule = RULES.get(code)
        if rule is None:
            close = get_close_matches(str(code), RULES, n=1)
            help = f"Did you mean {close[0]}?" if close else "Codes look like RG201."
            raise RecgenError(f"there is no rule {code!r}", help)
        if rule.severity == "error" and not rule.allowable:
            codes = ", ".join(rule.code for rule in RULES.values() if rule.allowable)
            message = f"{code} cannot be allowed: what would be rendered does not work"
            raise RecgenError(message, f"Mend the config; only {codes} can be allowed.")


def _report(parsed: Parsed, depth: int, profile: Profile | None = None) -> Report:
    """Returns the report; `depth` is how many parts of a path stand above what was given."""
    found = [*parsed.findings, *_rule_findings(parsed, depth, profile)]
    # By position where there is one; the sort keeps the order of shape, then code, otherwise.
    found.sort(key=lambda finding: (finding.line or 0, finding.column or 0))
    return Report(tuple(found), parsed.document.source, parsed.document.text)


def _rule_findings(parsed: Parsed, depth: int, profile: Profile | None) -> Iterator[Finding]:
    known = {"profile": profile} if profile is not None else {}
    for rule in RULES.values():
        for problem in rule.problems({**parsed.sections, **known}):
            yield _finding(rule, problem, parsed.document, depth)


def _finding(rule: Rule, problem: Problem, document: Document, depth: int) -> Finding:
    line, column, end = document.position(problem.path)
    location = problem.path[depth:]
    path = join_path(location)
    fix = Fix(location, *problem.fix, safe=problem.safe) if problem.fix else None
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
