"""Command `explain`: explains the codes of rules and causes."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from recgen.cli import show
from recgen.cli.app import app
from recgen.cli.table import table
from recgen.findings import RecgenError
from recgen.rules import RULES, Rule

if TYPE_CHECKING:
    from recgen.analysis.causes import Kind
    from recgen.changes.codes import Code

_BREAKING = "RB"  # likewise of the codes of `recgen breaking`
_CAUSES = "RD"  # prefix of their codes; alone, it means all causes


class Page(str, Enum):
    """Formats of explanations."""

    text = "text"
    markdown = "markdown"


@app.command()
def explain(
    code: Annotated[
        str | None,
        typer.Argument(
            metavar="[CODE]",
            help="RGnnn for a rule, RDnnn for a cause, RBnnn for what a change breaks; RD or RB "
            "for all of them.",
            show_default=False,
        ),
    ] = None,
    format: Annotated[Page, typer.Option(help="Format of the output.")] = Page.text,
) -> None:
    """Explain a code of check, diagnose or breaking."""
    if code is not None and code.upper().startswith(_BREAKING):
        _explain_breaking(code.upper(), format)
        return
    if code is not None and code.upper().startswith(_CAUSES):
        _explain_causes(code.upper(), format)
        return
    from recgen import formats

    rule = None if code is None else _rule(code)
    if format is Page.markdown:
        sys.stdout.write(formats.rules_page() if rule is None else formats.rule_section(rule))
    elif rule is None:
        _list((each.code, each.levels, each.page.title) for each in RULES.values())
    else:
        _explain(rule)


def _list(rows: Iterable[tuple[str, str, str]]) -> None:
    cells = [((code, "bold"), level, title) for code, level, title in rows]
    show.table(table(("", "", ""), cells, "lll"), wrap=True)


def _rule(code: str) -> Rule:
    rule = RULES.get(code.upper())
    if rule is None:
        help = "`recgen explain` lists all rules, `recgen explain RD` and `RB` the other codes."
        raise RecgenError(f"{code!r} is not a rule", help)
    return rule


def _explain(rule: Rule) -> None:
    page = rule.page
    show.line((f"{rule.code} {page.title}", "bold"), f" ({rule.levels})")
    show.title("Why is this bad?")
    for number, paragraph in enumerate(page.paragraphs):
        if number:
            show.line()
        show.paragraph(paragraph)
    show.title("Example")
    show.verbatim(f"  {line}" for line in page.example.splitlines())
    show.title("Use instead")
    show.verbatim(f"  {line}" for line in page.instead.splitlines())
    if page.instead and page.remedy:
        show.line()
    if page.remedy:
        show.paragraph(page.remedy)
    if rule.allowable:
        show.line()
        show.paragraph(f"To run it anyway, as an experiment: --allow {rule.code}", indent=0)


def _explain_causes(code: str, format: Page) -> None:
    from recgen.analysis import page
    from recgen.analysis.causes import KINDS

    if code != _CAUSES and code not in KINDS:
        raise RecgenError(f"{code!r} is not a cause", "`recgen explain RD` lists all causes.")
    if format is Page.markdown:
        whole = code == _CAUSES
        sys.stdout.write(page.causes_page() if whole else page.cause_section(KINDS[code]))
    elif code == _CAUSES:
        kinds = KINDS.values()
        _list((kind.code, kind.verdict.replace("_", " "), kind.title) for kind in kinds)
    else:
        _explain_cause(KINDS[code])


def _explain_cause(kind: Kind) -> None:
    verdict = kind.verdict.replace("_", " ")
    show.line((f"{kind.code} {kind.title}", "bold"), f" ({verdict})")
    show.title("What happens?")
    show.paragraph(kind.reason)
    show.title("Signs")
    show.paragraph(kind.signs)
    show.title("What to do")
    show.paragraph(kind.remedy)


def _explain_breaking(code: str, format: Page) -> None:
    from recgen.changes import CODES, page

    if code != _BREAKING and code not in CODES:
        raise RecgenError(
            f"{code!r} is not a code of `recgen breaking`", "`recgen explain RB` lists all codes."
        )
    if format is Page.markdown:
        whole = code == _BREAKING
        sys.stdout.write(page.breaking_page() if whole else page.section(CODES[code]))
    elif code == _BREAKING:
        _list((each.code, each.levels, each.title) for each in CODES.values())
    else:
        _explain_code(CODES[code])


def _explain_code(code: Code) -> None:
    show.line((f"{code.code} {code.title}", "bold"), f" ({code.levels})")
    show.title("Why is this so?")
    show.paragraph(code.reason)
    show.title("Example")
    show.verbatim(f"  {line}" for line in code.example.splitlines())
    show.title("What to do")
    show.paragraph(code.help)
