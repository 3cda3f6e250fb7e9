"""Rules as Markdown: the page of all of them, and one section a rule."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from recgen.rules import RULES, Rule

_FAMILIES = {
    "RG0": "Reading",
    "RG1": "Features",
    "RG2": "Model",
    "RG3": "Split and leakage",
    "RG4": "Cost",
    "RG5": "Data",
}
_HEAD = """\
# Rules

<!-- Made by `make docs` from recgen/rules; a test says when it is not current. -->

What `recgen check` finds, by code. `recgen explain RG201` shows the same in a terminal.
[checking.md](checking.md) says how findings are fixed, ignored and printed.

A config with errors is not rendered. Errors that concern only the outcome can be *allowed*, as an
experiment: with `--allow CODE` or a comment in the config.
"""


def rules_page() -> str:
    """Returns the page of all rules, with a table of contents."""
    sections = (
        f"## {family}\n\n" + "\n".join(rule_section(rule) for rule in rules)
        for family, rules in _families()
    )
    return "\n".join([_HEAD, *_contents(), *sections])


def rule_section(rule: Rule, title: bool = True) -> str:
    """Return a rule's page, with or without its title."""
    page, paragraphs = rule.page, []
    if title:
        paragraphs += [f"### {rule.code}", f"**{page.title}** ({rule.severity})"]
    paragraphs += [page.reason, "Example:", _code(page.example)]
    if page.instead:
        paragraphs += ["Use instead:", _code(page.instead)]
    if page.remedy:
        paragraphs.append(page.remedy)
    if rule.allowable:
        paragraphs.append(f"To run it all the same, as an experiment: `--allow {rule.code}`.")
    return "\n\n".join(paragraphs) + "\n"


def _code(config: str) -> str:
    return f"```yaml\n{config}\n```"


def anchor(rule: Rule) -> str:
    """Returns the fragment of a rule's section on the page."""
    return rule.code.lower()


def _families() -> Iterator[tuple[str, list[Rule]]]:
    for family, rules in groupby(RULES.values(), key=lambda rule: _FAMILIES[rule.code[:3]]):
        yield family, list(rules)


def _contents() -> Iterator[str]:
    for family, rules in _families():
        yield f"| {family} | | |\n|---|---|---|"
        for rule in rules:
            allowable = ", allowable" if rule.allowable else ""
            title = rule.page.title.replace("|", "\\|")
            yield f"| [{rule.code}](#{anchor(rule)}) | {rule.severity}{allowable} | {title} |"
        yield ""
