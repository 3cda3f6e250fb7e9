"""Plan -> text. The only module that knows Jinja and black."""

from __future__ import annotations

import math
import textwrap
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # both are slow to import, and `import recgen` must not be
    import jinja2

_PACKAGE = Path(__file__).parent
# Beside the package in a checkout, inside it in the wheel.
_FOLDERS = (_PACKAGE.parent / "templates", _PACKAGE / "templates")
# A form feed between definitions: sections are formatted one by one, since most are the same in
# every module and black is nine tenths of the time. No value gets one into the text: `py` escapes
# it, and `comment` makes it a line break.
_SECTION = "\f"
_WIDTH = 88  # black's own line length, so that black finds nothing to change


def render_template(name: str, plan: object) -> str:
    """Returns the black-formatted module that a template makes of a plan.

    Raises:
        AssertionError: The text is no Python. That is a bug of recgen, not of the config.
    """
    text = _environment().get_template(name).render(plan=plan)
    return "\n\n".join(_format(section) for section in text.split(_SECTION))


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(  # it makes Python, so nothing is escaped for HTML
        loader=jinja2.FileSystemLoader([folder for folder in _FOLDERS if folder.is_dir()]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    environment.filters |= {"py": py, "comment": comment}
    return environment


@lru_cache(maxsize=64)
def _format(section: str) -> str:
    import black

    try:
        return black.format_str(section, mode=black.Mode(line_length=_WIDTH))
    except black.parsing.InvalidInput as error:
        raise AssertionError(f"recgen rendered text that is no Python: {error}") from error


def py(value: Any) -> str:
    """Returns a value as a Python literal: the only way in which a value gets into code.

    Raises:
        TypeError: There is no literal of that type.
        ValueError: The number is not finite.
    """
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, int):
        return f"{value:_}" if abs(value) >= 10_000 else str(int(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no literal")
        return repr(float(value))
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, tuple):
        return f"({', '.join(py(item) for item in value)}{',' if len(value) == 1 else ''})"
    raise TypeError(f"no literal for a {type(value).__name__}")


def _text(value: str) -> str:
    """Returns a string literal in double quotes; letters of every alphabet stay readable."""
    return f'"{"".join(map(_escaped, value))}"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode()


def comment(value: str, indent: int = 0) -> str:
    """Returns text for a comment: every line but the first begins with `# ` of its own."""
    printable = "".join(c if c.isprintable() or c == " " else "\n" for c in value)
    lines = [
        wrapped
        for line in printable.split("\n")
        for wrapped in textwrap.wrap(line, _WIDTH - indent - 2, break_on_hyphens=False) or [""]
    ]
    while lines and not lines[-1]:
        lines.pop()
    return f"\n{' ' * indent}# ".join(lines)
