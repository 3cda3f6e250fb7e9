"""Keys of `data` that say how a file is read, for the config that is proposed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recgen.config import DataConfig
from recgen.config.experiment import READING_KEYS
from recgen.findings import RecgenError, kind_of, show
from recgen.reading import data_section


def reading_of(given: object) -> DataConfig:
    """Return the section `data` with keys that say how a file is read.

    Raises:
        RecgenError: It is not a mapping of such keys. (A wrong value is a ConfigError.)
    """
    if isinstance(given, DataConfig):
        return given
    if given is None:
        return DataConfig()
    if not isinstance(given, Mapping):
        raise RecgenError(
            f"reading is {kind_of(given)}", "pass a mapping, such as {'encoding': 'cp1252'}"
        )
    strange = next((key for key in given if key not in READING_KEYS), None)
    if strange is not None:
        listed = ", ".join(sorted(READING_KEYS))
        raise RecgenError(f"reading has a key {show(str(strange))}", f"the keys are: {listed}")
    return data_section(given)


def plain_settings(given: object) -> dict[str, Any]:
    """Return the keys that are given as plain data, each value in its usual spelling.

    Raises:
        RecgenError: As for `reading_of`.
    """
    data = reading_of(given)
    return data.model_dump(mode="json", include=set(READING_KEYS), exclude_unset=True)
