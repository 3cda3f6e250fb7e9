"""Page of a rule, parsed from the docstring of its function."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from itertools import takewhile
from textwrap import dedent

_EXAMPLE, _INSTEAD = "Example:\n", "Use instead:\n"


@dataclass(frozen=True, slots=True)
class Page:
    """The documentation of a rule.

    Attributes:
        title: One line, without a full stop.
        reason: Why the rule exists: paragraphs with an empty line between them.
        example: A config that breaks the rule.
        instead: The same config without the problem; empty if no config can show it.
        remedy: What to do, in a sentence or two; empty if `instead` says everything.
    """

    title: str
    reason: str
    example: str
    instead: str
    remedy: str

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The paragraphs of the reason."""
        return tuple(self.reason.split("\n\n"))


def parse_page(docstring: str) -> Page:
    """Return the page in a docstring.

    The docstring has a title, paragraphs, a section `Example:` and optionally a section
    `Use instead:` and a closing paragraph::

        Learning rate at which deep towers collapse.

        The gradients blow up.

    Example:
            model:
              learning_rate: 0.1

        Use instead:
            model:
              learning_rate: 0.05

        Or use fewer layers.
    """
    title, _, rest = inspect.cleandoc(docstring).partition("\n\n")
    reason, _, rest = rest.partition(_EXAMPLE)
    example, rest = _indented(rest)
    instead = ""
    if rest.startswith(_INSTEAD):
        instead, rest = _indented(rest.removeprefix(_INSTEAD))
    return Page(title.rstrip("."), _unwrapped(reason), example, instead, _unwrapped(rest))


def _indented(text: str) -> tuple[str, str]:
    """Return the indented lines with which a text begins, dedented, and the text after them."""
    lines = text.splitlines()
    count = len(list(takewhile(lambda line: not line or line[0] == " ", lines)))
    return dedent("\n".join(lines[:count])).strip("\n"), "\n".join(lines[count:])


def _unwrapped(text: str) -> str:
    """Return paragraphs as one line each."""
    return "\n\n".join(" ".join(each.split()) for each in text.strip().split("\n\n"))
