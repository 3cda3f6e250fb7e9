"""File systems behind a scheme such as gs://, opened with fsspec."""

from __future__ import annotations

from typing import Any

from recgen.findings import RecgenError, install

_INSTALL = f"{install('gcs')}; or the fsspec package of the scheme"


def open_system(path: str) -> tuple[Any, str]:
    """Return the file system of a path with a scheme, and the path within it.

    Raises:
        RecgenError: A library is missing, or the scheme is unknown.
    """
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise RecgenError(f"{path} needs fsspec, which is not installed", _INSTALL) from None
    try:
        system, inner = url_to_fs(path)
    except ImportError as error:
        raise RecgenError(f"{path} cannot be read: {error}", _INSTALL) from None
    except Exception as error:  # unknown scheme, no credentials: each library has its own errors
        raise RecgenError(f"cannot read {path}: {error}", "check the path") from error
    return system, inner.rstrip("/")
