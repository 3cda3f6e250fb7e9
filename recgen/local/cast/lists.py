"""Cast of lists, item by item."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from recgen.local.cast.arrow import UnfitError, Values, is_list, plain

if TYPE_CHECKING:
    import pyarrow as pa

Cast: TypeAlias = Callable[[Values], Values]
Items: TypeAlias = "pa.Array"
Array: TypeAlias = Any
"""A numpy array."""


def as_lists(lists: Values, cast: Cast, wanted: str) -> Values:
    """Return large lists with their items cast and without null items; a null list is empty.

    Raises:
        UnfitError: The column holds no lists, or an item cannot be cast.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(lists.type):  # the file has null in every row
        lists = lists.cast(pa.large_list(pa.null()))
    if not is_list(lists):
        raise UnfitError(wanted)
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    # A null list may have hidden items.
    present = lists.filter(lists.is_valid()) if lists.null_count else lists
    chunks = [pc.list_flatten(chunk) for chunk in present.chunks]
    items = _cast_items(pa.chunked_array(chunks, lists.type.value_type), cast, lengths)
    counts = _known(items, lengths) if items.null_count else lengths
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int64))
    return pa.chunked_array([pa.LargeListArray.from_arrays(offsets, items.drop_null())])


def _cast_items(items: Values, cast: Cast, lengths: Array) -> Items:
    """Return the items cast, as one array; an error names the index of the list."""
    try:
        return cast(plain(items)).combine_chunks()
    except UnfitError as error:
        at = None if error.at is None else int(_owners(lengths)[error.at])
        raise UnfitError(f"a list, each item {error.wanted}", error.help, at) from None


def _known(items: Items, lengths: Array) -> Array:
    """Return how many items of each list are not null."""
    import numpy as np

    is_known = items.is_valid().to_numpy(zero_copy_only=False)
    return np.bincount(_owners(lengths)[is_known], minlength=len(lengths))


def _owners(lengths: Array) -> Array:
    """Return the index of the list of each item."""
    import numpy as np

    return np.repeat(np.arange(len(lengths)), lengths)
