"""Values as YAML or JSON text on one line that reads back as the same values."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass

from recgen.findings import RecgenError, kind_of
from recgen.reading.sources import TextKind
from recgen.reading.yaml_scalars import resolved

_PLAIN = re.compile(r"[^\W\d]([\w ./-]*\w)?\Z")  # text that never needs quotes
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")  # no file can hold it, but JSON's escapes can
_OTHERS = {"y", "n", "yes", "no", "on", "off"}  # true or false for readers of YAML 1.1
_UNPRINTABLE = re.compile(
    r"[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True)
class Style:
    """How values are written: as JSON or YAML, and with which quotes, like their neighbours."""

    kind: TextKind
    quote: str = ""
    compact: bool = False

    @property
    def colon(self) -> str:
        """Separator between a key and its value."""
        return ":" if self.compact else ": "

    @property
    def comma(self) -> str:
        """Separator between two entries."""
        return "," if self.compact else ", "

    def value(self, value: object) -> str:
        """Return any value on one line, lists and mappings in brackets.

        Raises:
            RecgenError: YAML or JSON cannot represent it.
        """
        if isinstance(value, dict):
            pairs = [
                f"{self.text(key)}{self.colon}{self.value(inner)}" for key, inner in value.items()
            ]
            return f"{{{self.comma.join(pairs)}}}"
        if isinstance(value, (list, tuple)):
            return f"[{self.comma.join(map(self.value, value))}]"
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool):
            return json.dumps(value)
        if isinstance(value, int):
            return str(value)
        if isinstance(value, float):
            return self._number(value)
        raise RecgenError(f"{kind_of(value)} cannot be written to a config")

    def text(self, text: object) -> str:
        """Return a text as a scalar or key, quoted if needed."""
        if not isinstance(text, str):
            raise RecgenError(f"{kind_of(text)} cannot be a key")
        if self.kind == "json":
            return json.dumps(text, ensure_ascii=bool(_HALF_PAIR.search(text)))
        if not self.quote and is_plain(text):
            return text
        if self.quote == "'" and not _UNPRINTABLE.search(text):
            return "'" + text.replace("'", "''") + "'"
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{_UNPRINTABLE.sub(_escape, escaped)}"'

    def _number(self, value: float) -> str:
        if math.isfinite(value):
            return repr(value)
        if self.kind == "json":
            raise RecgenError(f"JSON cannot represent {value}")
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"


def is_plain(text: str) -> bool:
    """Return whether a text reads the same without quotes, also by YAML 1.1 readers."""
    return bool(_PLAIN.match(text)) and resolved(text) == text and text.lower() not in _OTHERS


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if match[0] in "\n\t":
        return "\\n" if match[0] == "\n" else "\\t"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
