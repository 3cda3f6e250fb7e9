"""The runtime's parts become one module: in order, each name once, and nothing of it lost."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import black
import pytest

from recgen.bundle import BundleError, bundle
from recgen.runtime import FOLDER, PARTS, runtime_text

HEAD = '''"""A module."""

import os

os.environ["A"] = "1"

import numpy as np

AN_ARRAY = np.ones(1)
'''
ROWS = '''"""Rows.

Of a file.
"""

import json
import numpy as np

# Most rows.
MOST = 3


def read():
    return json.loads("1"), np
'''
LOSS = '''"""Losses."""

import json

from ..rows import MOST, read


def loss():
    return read() or MOST
'''
PATHS = {name: FOLDER / f"{name.replace('.', '/')}.py" for name in PARTS}


def of(**parts: str) -> str:
    return bundle({"head": HEAD, **{k.replace("__", "."): v for k, v in parts.items()}}).text


def test_imports_are_merged_and_parts_have_headings() -> None:
    text = of(rows=ROWS, kind__loss=LOSS)
    assert text == (
        '"""A module."""\n\nimport json\nimport os\n\nos.environ["A"] = "1"\n\n'
        "import numpy as np\n\nAN_ARRAY = np.ones(1)\n\n\n"
        f"# == Rows. {'=' * 77}\n#\n# Of a file.\n\n\n# Most rows.\nMOST = 3\n\n\n"
        'def read():\n    return json.loads("1"), np\n\n\n'
        f"# == Losses. {'=' * 75}\n\n\ndef loss():\n    return read() or MOST\n"
    )
    assert text == black.format_str(text, mode=black.Mode(line_length=88))


def test_a_single_file_has_all_but_the_beginning_and_the_imports() -> None:
    one = bundle({"head": HEAD, "rows": ROWS})
    assert one.text.endswith(one.body)
    assert "import" not in one.body
    assert one.imports == ("json",)


FUNCTION = '"""Other."""\n\n\ndef read():\n    return 2\n'
BAD = {
    "a function twice": ({"rows": ROWS, "other": FUNCTION}, "other defines read.*in rows"),
    "a constant twice": ({"rows": ROWS, "other": '"""O."""\nMOST = 1\n'}, "other defines MOST"),
    "a name of the beginning": ({"a": '"""A."""\nAN_ARRAY = 1\n'}, "a defines AN_ARRAY"),
    "a name of another's import": (
        {"rows": ROWS, "other": '"""O."""\n\n\ndef json():\n    return 2\n'},
        "other defines json, which is also import json",
    ),
    "an import of another's name": (
        {"a": '"""A."""\n\n\ndef json():\n    return 2\n', "rows": ROWS},
        "rows: `import json`, but json is also defined in a",
    ),
    "one name for two modules": (
        {"rows": ROWS, "other": '"""O."""\nimport numpy.random as np\n'},
        "`import numpy.random as np`, but np is also import numpy as np",
    ),
    "a cycle": (
        {"a": '"""A."""\nfrom .b import B\nA = 1\n', "b": '"""B."""\nfrom .a import A\nB = 1\n'},
        "a imports from b, which is not before it",
    ),
    "a later part": ({"kind.loss": LOSS, "rows": ROWS}, "kind.loss imports from rows"),
    "another folder": ({"kind.rows": ROWS, "kind.loss": LOSS}, "loss imports from rows"),
    "above all parts": (
        {"rows": ROWS, "a": '"""A."""\nfrom ..rows import MOST\n'},
        "a imports from rows, which is not before it",
    ),
    "another name": (
        {"rows": ROWS, "a": '"""A."""\nfrom .rows import MOST as most\n'},
        "a imports MOST under another name",
    ),
    "an unknown name": (
        {"rows": ROWS, "a": '"""A."""\nfrom .rows import LEAST\n'},
        "rows does not define LEAST, see a",
    ),
    "all names": (
        {"rows": ROWS, "a": '"""A."""\nfrom .rows import *\n'},
        "rows does not define \\*, see a",
    ),
    "a whole part": ({"rows": ROWS, "a": '"""A."""\nfrom . import rows\n'}, "a: `from . import"),
    "a name of another module": ({"a": '"""A."""\nfrom json import loads\n'}, "a: `from json"),
    "in a function": (
        {"a": '"""A."""\n\n\ndef f():\n    import json\n\n    return json\n'},
        "a: `import json` should be at the top",
    ),
    "below code": ({"a": '"""A."""\nA = 1\nimport json\n'}, "a has an import below other code"),
    "two in a line": ({"a": '"""A."""\nimport json, os\n'}, "a: `import json, os` should be one"),
    "no docstring": ({"a": "A = 1\n"}, "a has no docstring"),
}


@pytest.mark.parametrize(("parts", "message"), BAD.values(), ids=BAD)
def test_a_mistake_in_a_part_is_refused(parts: dict[str, str], message: str) -> None:
    with pytest.raises(BundleError, match=message):
        bundle({"head": HEAD, **parts})


def test_every_part_of_the_runtime_is_in_it() -> None:
    folders = {path for path in FOLDER.rglob("__init__.py") if path.parent != FOLDER}
    assert set(FOLDER.rglob("*.py")) - folders == set(PATHS.values())
    for path in folders:  # which only make the parts a package
        assert len(ast.parse(path.read_text("utf-8")).body) == 1


def test_the_runtime_has_what_the_parts_define() -> None:
    def definitions(text: str) -> Counter[str]:
        body = ast.parse(text).body[1:]  # without the docstring
        kinds = (ast.Import, ast.ImportFrom)
        return Counter(ast.dump(node) for node in body if not isinstance(node, kinds))

    parts = (path.read_text("utf-8") for path in PATHS.values())
    assert definitions(runtime_text()) == sum(map(definitions, parts), Counter())


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_a_part_is_short_and_formatted_as_it_is_emitted(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text == black.format_str(text, mode=black.Mode(line_length=88))
    assert len(text.splitlines()) <= 450


def test_the_runtime_is_formatted() -> None:
    text = runtime_text()
    assert text == black.format_str(text, mode=black.Mode(line_length=88))
