"""HTML page about runs. The only module here that knows Jinja."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from recgen.analysis.naming import short_names
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
_SCRIPT = "report/script.js.j2"
_MANY = 8  # runs; of more, only the most important is shown, to keep the page small


def report_page(runs: Sequence[Run]) -> str:
    """Return a page about runs: the diagnosis of each run, and a comparison of several.

    The page is self-contained: it loads nothing. The only script, on a page of several runs, sorts,
    groups and filters what is there without it. All user input is escaped, and a policy in the page
    forbids other scripts, and requests, in case escaping fails. The same runs give the same text.

    Args:
        runs: One run or more.
    """
    from markupsafe import Markup

    places = short_names([run.path for run in runs])
    brief = len(runs) > _MANY
    views = [
        RunView(run, number, brief, place)
        for number, (run, place) in enumerate(zip(runs, places, strict=True), start=1)
    ]
    comparison = ComparisonView(views, brief) if len(views) > 1 else None
    environment = _environment()
    # Elements of style and script have no entities, so escaping would change their quotes.
    style = Markup(environment.get_template(_STYLE).render())
    script = Markup(environment.get_template(_SCRIPT).render()) if comparison else None
    page = environment.get_template("report/page.html.j2").render(
        runs=views,
        comparison=comparison,
        style=style,
        script=script,
        style_digest=_digest(style),
        script_digest=_digest(script) if script else "",
    )
    return MARK + page


def _digest(text: str) -> str:
    """Return what a policy needs to allow exactly this text."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


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
