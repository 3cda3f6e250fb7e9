"""Runs -> one page of HTML. The only module here that knows Jinja."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from recgen.analysis.report.beside import Beside
from recgen.analysis.report.part import Part
from recgen.analysis.report.text import name
from recgen.analysis.run import Run
from recgen.templates import TEMPLATES

if TYPE_CHECKING:  # slow to import
    import jinja2
    from markupsafe import Markup

MARK = "<!DOCTYPE html>\n<!-- Made by recgen report. -->\n"
"""What every page begins with: such a file may be replaced."""
_STYLE = "report/style.css.j2"


def report_page(runs: Sequence[Run]) -> str:
    """Returns a page about runs: what became of each and why, and how several compare.

    It is whole in itself: no script, and nothing that is fetched. What users wrote is escaped, and
    a policy in the page forbids what escaping should have prevented. The same runs give the same
    text.

    Args:
        runs: One or more.
    """
    from markupsafe import Markup

    parts = [Part(run, number) for number, run in enumerate(runs, start=1)]
    beside = Beside(parts) if len(parts) > 1 else None
    environment = _environment()
    style = environment.get_template(_STYLE).render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = environment.get_template("report/page.html.j2")
    # A style has no entities: escaped, its quotes would be something else.
    page = template.render(parts=parts, beside=beside, style=Markup(style), digest=digest)
    return MARK + page


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.filters |= {"name": name, "ticks": _ticks}
    return environment


def _ticks(text: str) -> Markup:
    """Returns a text of ours whose words in backticks are code."""
    from markupsafe import Markup, escape

    parts = re.split(r"`([^`]+)`", text)
    inner = (
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )
    return Markup("").join(inner)
