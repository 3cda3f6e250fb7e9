"""Rendering of plans: the only module that uses Jinja and black."""

from __future__ import annotations

import keyword
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from recgen.attest import AttestationError, Plan, attest_module, attest_text
from recgen.literals import WIDTH, comment_slot, fill, has_slot, literal_slot
from recgen.runtime import runtime_body
from recgen.templates import TEMPLATES

if TYPE_CHECKING:  # both are slow to import, and `import recgen` must not be
    import jinja2

# Separator of sections, which are formatted one by one and cached: most are the same in every
# module, and black takes nine tenths of the time.
_SECTION = "\f"


def render_template(name: str, plan: Plan) -> str:
    """Return the module that a template renders from a plan, formatted with black.

    Raises:
        AttestationError: The text differs from the plan: a bug of recgen, not of the config.
    """
    form = _environment().get_template(name).render(plan=plan)
    runtime = runtime_body().strip()
    sections = form.split(_SECTION)
    # The runtime has no slots and is formatted: black would take seconds to find that out.
    # It begins with a comment, before which black leaves one line empty after imports.
    text = "\n\n".join(f"{runtime}\n" if s.strip() == runtime else _finish(s) for s in sections)
    text = text.replace(f"\n\n\n{runtime}", f"\n\n{runtime}")
    attest_module(text.replace(runtime, ""), form.replace(runtime, ""), plan)
    return text


def render_text(name: str, plan: Plan) -> str:
    """Return a text of a template that prints no value of a plan: it only decides on lines.

    Raises:
        AttestationError: It prints one.
    """
    text = _environment().get_template(name).render(plan=plan)
    if has_slot(text):
        raise AttestationError(f"{name} prints a value of the config")
    return text + "\n"


@lru_cache(maxsize=256)
def _finish(form: str) -> str:
    """Return a section with its slots filled, formatted and compared with its form."""
    text = _format(fill(form))
    attest_text(text, form)
    return text


@cache
def _environment() -> jinja2.Environment:
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Output of templates, macros and filters is Markup; all other text goes to `finalize`.
        autoescape=True,
        finalize=_only_names,
    )
    environment.filters |= {
        "py": lambda value: Markup(literal_slot(value)),
        "module": lambda name: Markup(".".join(map(_only_names, name.split(".")))),
        "comment": lambda text: Markup(comment_slot(text)),
        # A single-file trainer defines the runtime's names itself.
        "runtime_names": lambda form, one: form.replace("runtime.", "") if one else form,
    }
    environment.globals["section_end"] = Markup(_SECTION)
    environment.globals["runtime_body"] = Markup(runtime_body())
    return environment


def _only_names(value: Any) -> Any:
    """Accept template output, whole numbers and names; all else needs `py` or `comment`."""
    if hasattr(value, "__html__") or type(value) is int:
        return value
    is_name = isinstance(value, str) and value.isidentifier() and value.isascii()
    if is_name and not keyword.iskeyword(value):
        return value
    raise AttestationError(f"{value!r} without a filter")


def _format(section: str) -> str:
    import black

    try:
        return black.format_str(section, mode=black.Mode(line_length=WIDTH))
    except black.parsing.InvalidInput as error:
        raise AttestationError(f"it is not Python: {error}") from error
