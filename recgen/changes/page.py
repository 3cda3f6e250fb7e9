"""Markdown page of what changes of a config break: levels and codes."""

from __future__ import annotations

from collections.abc import Iterator

from recgen.changes.codes import ABOUT, CODES, Code
from recgen.plan.levels import LEVELS, Level

_HEAD = """\
# What a change of a config breaks

<!-- Made by `make docs` from recgen/changes; a test fails if it is not current. -->

    recgen breaking OLD NEW [--deployed] [--format text|json|sarif|github]

compares two configs and says what each single difference invalidates. OLD and NEW are files, run
directories, or files in a revision of git: `git:HEAD~1:shop/config.yaml`. In Python,
`recgen.breaking(old, new, deployed=False)` also takes mappings and objects.

There are four levels:

{levels}

All are warnings or notes, unless `--deployed` says that clients use a model of the old config: then
what breaks them is an error, and the exit code is 1. Differences that break nothing are listed as
harmless (RB001).

Each difference is tried alone on the old config, and the plans of the modules with and without it
are compared: inputs of the signature, names and shapes of weights, formulas of the transform, rows
of the test. So a key has no level by itself: `data.catalogue_size` changes nothing but the loss if
it changes the negatives, and otherwise nothing at all. A feature that is otherwise the same and has
another name counts as renamed. What only several differences together break is reported at the one
with which it happens.

Both configs are compared for the same data. New data under the same config can change shapes, too:
a vocabulary has a row for each value.

## Digests

The header of `trainer_module.py`, and `params.digests` in `training_metrics.json`, have a digest
for each level. As long as it is the same, everything at that level stays valid; if it is another
one, `recgen breaking` says whether that matters. Where the data is does not count. A cache of
transformed examples can use `transform` and the data as its key: so does `recgen train`, for what
an interrupted training has transformed. Epochs that it trained are used with the same config only,
since weights that fit say nothing about the loss and the steps that led to them.

## In CI

```yaml
- run: recgen breaking git:origin/main:shop/config.yaml shop/config.yaml --deployed --format github
```

`recgen gate` ([README](../README.md#commands)) uses the first level: a model that breaks the
champion's clients is not blessed.
"""


def breaking_page() -> str:
    """Return the page of all levels and codes."""
    levels = "\n".join(f"- **{level.upper()}**: {about}" for level, about in ABOUT.items())
    parts = [_HEAD.format(levels=levels), *_contents(), "## Harmless\n"]
    parts += _sections(None)
    for level in LEVELS:
        parts += [f"## {level.upper()}\n", *_sections(level)]
    return "\n".join(parts)


def _sections(level: Level | None) -> Iterator[str]:
    return (section(code) for code in CODES.values() if code.level == level)


def section(code: Code, title: bool = True) -> str:
    """Return a code's section, with or without its title."""
    head = [f"### {code.code}", f"**{code.title}** ({code.levels})"] if title else []
    example = f"```diff\n{code.example}\n```"
    return "\n\n".join([*head, code.reason, example, f"What to do: {code.help}"]) + "\n"


def _contents() -> Iterator[str]:
    yield "## Codes\n\n| code | | |\n|---|---|---|"
    for code in CODES.values():
        yield f"| [{code.code}](#{code.code.lower()}) | {code.levels} | {code.title} |"
    yield ""
