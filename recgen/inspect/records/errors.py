"""The error of whatever reads files here, and limits with a sentence."""

from __future__ import annotations

from collections.abc import Sized
from typing import TypeVar

from recgen.findings import RecgenError

_Sized = TypeVar("_Sized", bound=Sized)


class FormatError(RecgenError):
    """Bytes are not in the format that they should be in, or hold more than is read."""


def limited(found: _Sized, most: int, what: str) -> _Sized:
    """Return something that has a length, if it is not too long.

    Args:
        found: What was read.
        most: The largest length that is accepted.
        what: What its items are, in the plural.

    Raises:
        FormatError: It is longer.
    """
    if len(found) > most:
        raise FormatError(f"it has {len(found):,} {what}; at most {most:,} are read")
    return found
