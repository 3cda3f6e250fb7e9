"""Location of the templates: beside the package in a checkout, inside it in the wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CANDIDATES = (_PACKAGE.parent / "templates", _PACKAGE / "templates")
TEMPLATES = next((folder for folder in _CANDIDATES if folder.is_dir()), _CANDIDATES[0])
