"""The features that a schema.pbtxt of tensorflow-metadata names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from recgen.inspect.records.example import Kind
from recgen.inspect.records.text_format import Message, parse_text
from recgen.inspect.records.wire import FormatError

_KINDS: dict[str, Kind] = {"BYTES": "bytes", "INT": "int64", "FLOAT": "float"}
_KINDS |= {"1": "bytes", "2": "int64", "3": "float"}


@dataclass(frozen=True)
class FeatureSchema:
    """A feature.

    Attributes:
        name: Its name.
        kind: The kind of its values; `none` where the schema does not say it.
        low: The smallest integer that it may have, if there is one.
        high: The largest.
        required: Whether every row has it.
        shape: Its dimensions, `()` for a single value; None where the number of values varies.
    """

    name: str
    kind: Kind
    low: int | None = None
    high: int | None = None
    required: bool = False
    shape: tuple[int, ...] | None = None


def read_schema(path: Path) -> tuple[FeatureSchema, ...]:
    """Returns the features in a file, in its order.

    Raises:
        FormatError: The file is no schema.
        OSError: The file cannot be read.
    """
    try:
        return tuple(map(_feature, parse_text(path.read_bytes()).messages("feature")))
    except ValueError as error:  # a number that is none
        raise FormatError(str(error)) from None


def _feature(message: Message) -> FeatureSchema:
    domain, shape = message.message("int_domain"), message.message("shape")
    presence = message.message("presence")
    fraction = presence.value("min_fraction") if presence else None
    return FeatureSchema(
        name=message.value("name") or "",
        kind=_KINDS.get(message.value("type") or "", "none"),
        low=_number(domain, "min"),
        high=_number(domain, "max"),
        required=fraction is not None and float(fraction) >= 1,
        shape=(
            None
            if shape is None
            else tuple(_number(d, "size") or -1 for d in shape.messages("dim"))
        ),
    )


def _number(message: Message | None, name: str) -> int | None:
    value = message.value(name) if message else None
    return None if value is None else int(value, base=0)
