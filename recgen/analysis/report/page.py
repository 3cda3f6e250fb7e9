"""HTML page about runs. The only module here that knows Jinja."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from recgen.analysis.report.comparison import ComparisonView
from recgen.analysis.report.text import name
from recgen.analysis.report.view import RunView
from recgen.analysis.run import Run
from recgen.templates import TEMPLATES

if TYPE_CHECKING:  # slow to import
    import jinja2
    from markupsafe import Markup

MARK = "<!DOCTYPE html>\n<!-- Made by recgen report. -->\n"
"""The beginning of every page; a file that begins like this may be replaced."""
_STYLE = "report/style.css.j2"


def report_page(runs: Sequence[Run]) -> str:
    """Return a page about runs: the diagnosis of each run, and a comparison of several.

    The page is self-contained: it has no scripts and loads nothing. All user input is escaped, and
    a policy in the page forbids scripts and requests in case escaping fails. The same runs give the
    same text.

    Args:
        runs: One run or more.
    """
    from markupsafe import Markup

    views = [RunView(run, number) for number, run in enumerate(runs, start=1)]
    comparison = ComparisonView(views) if len(views) > 1 else None
    environment = _environment()
    style = environment.get_template(_STYLE).render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = environment.get_template("report/page.html.j2")
    # A style element has no entities, so escaping would change its quotes.
    page = template.render(runs=views, comparison=comparison, style=Markup(style), digest=digest)
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
    """Return a text as HTML, with words in backticks as code."""
    from markupsafe import Markup, escape

    parts = re.split(r"`([^`]+)`", text)
    inner = (
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part)
        for index, part in enumerate(parts)
    )
    return Markup("").join(inner)
