"""Facts about a column of lists: which values it holds, and when the buyer had them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from recgen.data.statistics import ListFacts
from recgen.local.cast import plain
from recgen.local.cast.text import readable_ids
from recgen.local.encoded import Array, Encoded, cut
from recgen.local.pairs import distinct, pairs

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 100_000  # rows whose lists are looked at, evenly spaced
_EXAMPLES = 3
_LOW = 2**32 - 1  # the bits of the right number of a pair


@dataclass(frozen=True)
class Purchases:
    """Who bought what, and when: one number for each row of the data.

    Attributes:
        buyers: Index of the buyer, -1 for null.
        products: Index of the product, -1 for null.
        times: Seconds; NaN for null.
    """

    buyers: Array
    products: Array
    times: Array


@dataclass(frozen=True)
class _Items:
    """The items of the lists of some rows.

    Attributes:
        rows: Those rows of the data, ascending.
        at: For each item, the position of its row in `rows`.
        codes: For each item, the index of the value, -1 if it is none of the feature's values.
    """

    rows: Array
    at: Array
    codes: Array

    def holding(self, wanted: Array) -> Array:
        """Return for each row whether its list holds the wanted value; -1 is never held."""
        import numpy as np

        found = np.zeros(len(self.rows), bool)
        found[self.at[(self.codes >= 0) & (self.codes == wanted[self.at])]] = True
        return found

    def by_chance(self, wanted: Array, *, has_repeated: bool) -> float:
        """Return the share of rows that would hold the wanted value if it were another row's.

        In a catalogue of five products, a clean list may hold nearly all of them.

        Args:
            wanted: The index of a value for each row, -1 for rows that do not count.
            has_repeated: Whether lists hold values more than once.
        """
        import numpy as np

        asked = wanted >= 0
        if not asked.any():
            return 0.0
        usual = np.bincount(wanted[asked], minlength=int(self.codes.max(initial=0)) + 1)
        counts = asked[self.at] & (self.codes >= 0)
        each = self.codes[counts]
        if has_repeated:
            each = distinct(pairs(self.at[counts], each)) & _LOW
        return float(usual[each].sum() / asked.sum() ** 2)


def list_facts(
    lists: pa.ChunkedArray, shared: Encoded, purchases: Purchases | None, is_of_products: bool
) -> ListFacts:
    """Return facts about lists of values of a feature.

    Args:
        lists: The lists.
        shared: The feature's column.
        purchases: What the rows say about purchases; None if there is no buyer or no time.
        is_of_products: Whether the values are the products that the rows are about.
    """
    import numpy as np

    if not _has_values(lists.type):
        return ListFacts(rows=0, items=0, known=0)
    rows = np.arange(0, len(lists), -(-len(lists) // _ROWS))
    items, found = _items(lists, rows, shared)
    facts = ListFacts(
        rows=len(distinct(items.at)),
        items=len(items.codes),
        known=int((items.codes >= 0).sum()),
        longest=int(np.bincount(items.at).max()) if len(items.at) else 0,
        **found,
    )
    if not is_of_products:
        return facts
    dated = _dated(facts, items, purchases) if purchases else None
    return dated or _with_own(facts, items, shared.codes[rows])


def _has_values(kind: pa.DataType) -> bool:
    """Return whether a nested type is a list of plain values."""
    import pyarrow as pa

    types = pa.types
    if not (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
        return False
    return not (types.is_nested(kind.value_type) or types.is_null(kind.value_type))


def _items(lists: pa.ChunkedArray, rows: Array, shared: Encoded) -> tuple[_Items, dict[str, Any]]:
    """Return the items of some rows, and facts about those that are not values of the feature."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    sample = pa.concat_arrays(lists.take(pa.array(rows)).chunks)
    lengths = pc.fill_null(pc.list_value_length(sample), 0).to_numpy()
    at = np.repeat(np.arange(len(rows)), lengths)
    values = sample.flatten().dictionary_encode()
    words = _texts(values.dictionary)
    index = pc.index_in(words, _texts(shared.values)).fill_null(-1).to_numpy()
    is_absent = pc.fill_null(pc.equal(words, ""), True).to_numpy(zero_copy_only=False)
    of_item = values.indices.fill_null(-1).to_numpy()
    kept = (of_item >= 0) & ~np.append(is_absent, True)[of_item]
    at, of_item = at[kept].astype(np.int64), of_item[kept]
    repeated = len(at) - len(distinct(pairs(at, of_item)))
    unknown = words.filter(pa.array((index < 0) & ~is_absent)).slice(0, _EXAMPLES).to_pylist()
    return _Items(rows, at, index[of_item].astype(np.int64)), {
        "strange": tuple(map(cut, unknown)),
        "repeated": repeated,
        "absent": int((~kept).sum()),
        "ascending": _ascending(at, of_item, words),
    }


def _ascending(at: Array, of_item: Array, words: pa.Array) -> tuple[int, int]:
    """Return how many neighbours in lists are in the order of their values, and how many differ.

    Args:
        at: The list of each item.
        of_item: The index of each item's value.
        words: The values as text.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    differs = (at[1:] == at[:-1]) & (of_item[1:] != of_item[:-1])
    before, after = of_item[:-1][differs], of_item[1:][differs]
    ranks = [pc.rank(words, tiebreaker="dense")]
    if pc.all(pc.match_substring_regex(words, r"^[0-9]{1,18}$")).as_py():
        ranks.append(words.cast(pa.int64()))
    counts = [int((np.asarray(each)[after] > np.asarray(each)[before]).sum()) for each in ranks]
    return max(counts), int(differs.sum())


def _texts(values: pa.Array) -> pa.Array:
    """Return values as IDs are written: large_string."""
    import pyarrow as pa

    return readable_ids(plain(pa.chunked_array([values]))).combine_chunks()


def _dated(facts: ListFacts, items: _Items, purchases: Purchases) -> ListFacts | None:
    """Add what the lists hold of the purchases of their own time, and of later ones.

    Returns None if no row has a buyer, a product and a time.
    """
    import numpy as np

    buyers, products, times = purchases.buyers, purchases.products, purchases.times
    usable = (buyers >= 0) & (products >= 0) & ~np.isnan(times)
    everything = np.flatnonzero(usable)
    if not len(everything):
        return None
    keys = pairs(buyers[everything], products[everything])
    bought, number = np.unique(keys, return_inverse=True)
    first = np.full(len(bought), np.inf)
    np.minimum.at(first, number, times[everything])
    # The rows in which a buyer has a product for the first time.
    new = everything[times[everything] == first[number]]
    is_new = np.zeros(len(buyers), bool)
    is_new[new] = True
    later = _next_new(purchases, new, items.rows)
    coming = items.holding(later)
    facts = _with_own(facts, items, np.where(is_new, products, -1)[items.rows])
    return replace(
        facts,
        next=(int(coming.sum()), int((later >= 0).sum())),
        order=_order(items, purchases, bought, first),
    )


def _with_own(facts: ListFacts, items: _Items, bought: Array) -> ListFacts:
    """Add how many lists hold the row's own product; -1 for rows that do not count."""
    held, asked = items.holding(bought), bought >= 0
    return replace(
        facts,
        own=(int((held & asked).sum()), int(asked.sum())),
        by_chance=items.by_chance(bought, has_repeated=facts.repeated > 0),
    )


def _next_new(purchases: Purchases, new: Array, rows: Array) -> Array:
    """Return the next product that is new to the buyer after each row's time, or -1."""
    import numpy as np

    moments, ranks = np.unique(purchases.times, return_inverse=True)
    keys = purchases.buyers.astype(np.int64) * len(moments) + ranks
    new = new[np.argsort(keys[new], kind="stable")]
    at = np.minimum(np.searchsorted(keys[new], keys[rows], side="right"), len(new) - 1)
    following = new[at]
    is_later = keys[following] > keys[rows]
    is_same = purchases.buyers[following] == purchases.buyers[rows]
    is_dated = ~np.isnan(purchases.times[rows])
    return np.where(is_later & is_same & is_dated, purchases.products[following], -1)


def _order(items: _Items, purchases: Purchases, bought: Array, first: Array) -> tuple[int, int]:
    """Return how many neighbours in lists are in the order of time, and how many in reverse.

    The time of an item is that of the buyer's first purchase of it, before the row.
    """
    import numpy as np

    rows = items.rows[items.at]
    keys = pairs(purchases.buyers[rows], np.maximum(items.codes, 0))
    at = np.minimum(np.searchsorted(bought, keys), len(bought) - 1)
    is_found = (bought[at] == keys) & (items.codes >= 0) & (purchases.buyers[rows] >= 0)
    moments = np.where(is_found & (first[at] < purchases.times[rows]), first[at], np.nan)
    is_neighbour = items.at[1:] == items.at[:-1]
    steps = np.diff(moments)[is_neighbour]
    return int((steps > 0).sum()), int((steps < 0).sum())
