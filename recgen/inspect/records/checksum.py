"""CRC-32C, masked as TFRecord files and checkpoints have it."""

from __future__ import annotations

from collections.abc import Iterable

import google_crc32c
import numpy as np
from numpy.typing import NDArray

_DELTA = 0xA282EAD8  # TensorFlow's, tensorflow/core/lib/hash/crc32c.h


def mask(crc: int) -> int:
    """Returns a checksum in the form in which it is written."""
    return (((crc >> 15) | (crc << 17)) + _DELTA) & 0xFFFFFFFF


def masked_crc(data: bytes) -> int:
    """Returns the masked checksum of some bytes."""
    return mask(google_crc32c.value(data))


def masked_crcs(parts: Iterable[bytes]) -> NDArray[np.uint32]:
    """Returns the masked checksum of each part."""
    value = google_crc32c.value
    crcs = np.array([value(part) for part in parts], np.uint32)
    return ((crcs >> np.uint32(15)) | (crcs << np.uint32(17))) + np.uint32(_DELTA)
