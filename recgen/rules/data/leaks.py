"""Rules on leaks in the data: columns that give the product, the buyer or the target away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice

from recgen.config import SIDES, FeatureConfig, ModelConfig, Side
from recgen.data.columns import described_of, id_column, ids, read_by
from recgen.data.profile import Profile
from recgen.data.targets import Learnt, learnt
from recgen.findings import Location, percent, show
from recgen.rules.registry import Problem, rule

_FEW, _MOST = 0.01, 0.5
_FEWEST = 30  # rows with a target
_SAME = 0.999  # correlation: rounded, converted, or with a constant tax
_COLUMNS = 10  # whose products are tried in pairs
_SEEN = 20  # products bought more than once: fewer agree by chance
_MOSTLY = 0.5  # of what buyer and product leave; honest columns of Online Retail explain up to 0.06
_PARTLY = 0.3  # if the product explains the column, too: an amount of this purchase
_MEAN = 0.9999  # correlation with a mean over all rows, rounded; without the test's it is less
_REQUEST = "Is it known when a buyer asks for recommendations? If not, remove it."


@rule("RG526", "error", allowable=True, also=("warning",))
def of_the_product(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """A property of the product in the buyer tower.

    The column has one value per product (for 99% of those bought more than once) and several values
    for half of the buyers or more, so it was copied from the product that was bought. The buyer
    tower is given part of the answer, which is missing when a buyer asks for recommendations.
    Measured on Online Retail: with the price in both towers, test recall@100 was 0.57 instead of
    0.27, a gain that disappears in production (one seed).

    It is a warning if the column only hangs on the product: if, beyond the means of buyers, the
    product explains half of its variance or more, as of a price with a discount. A word that the
    buyer typed before is such a column, too, and may stay.

    Example:
        features:
          buyer_model_features:
            - {column: price, data_type: numeric}  # that of the product bought

    Use instead:
        features:
          product_model_features:
            - {column: price, data_type: numeric}

    Move the feature to the product tower.
    """
    buyer = id_column(features, "buyer", profile)
    product = id_column(features, "product", profile)
    if buyer is None or product is None:
        return
    repeated = sum(1 for count in profile.counts(product.name) if count > 1)
    for column, (path, name) in read_by(features, "buyer", profile).items():
        if column in (buyer.name, product.name) or profile.column(column).distinct < 2:
            continue
        products, buyers = (profile.ambiguous(key.name, column) for key in (product, buyer))
        fixed = repeated >= _SEEN and products <= _FEW * repeated
        if fixed and buyers >= _MOST * buyer.distinct:
            message = (
                f"{show(name)} in the buyer tower is a property of the product: it is the same "
                f"in all rows of a product, and varies for {percent(buyers / buyer.distinct)} "
                "of the buyers"
            )
            help = (
                "Move it to the product tower: it is unknown when a buyer asks for recommendations."
            )
            yield Problem(path, message, help)
        elif model.model_type != "ranking" and buyers > _FEW * buyer.distinct:
            share = profile.explained(column, (product.name,), (buyer.name,))
            if share >= _MOSTLY:
                message = (
                    f"{show(name)} in the buyer tower hangs on the product of its row, which "
                    f"explains {percent(share)} of what the buyer does not"
                )
                yield Problem(path, message, _REQUEST, severity="warning")


@rule("RG527", "error", allowable=True)
def gives_the_pair_away(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """A column in both towers that reveals the pair.

    In training, the model has to find the right product among those of the batch. If both towers
    see an invoice number or the time to the minute, and the sum of p² over its values times the
    batch size is below 1, this column alone identifies the right product: the loss falls, but the
    model learns nothing about taste. Measured on Online Retail: with the time of the invoice in
    both towers, recall@100 was 0.06 instead of 0.27 (one seed). Columns whose values are shared by
    many rows are reported by RG118.

    Example:
        features:
          buyer_model_features:
            - {column: invoice, data_type: text}
          product_model_features:
            - {column: invoice, data_type: text}

    Remove it from both towers.
    """
    buyers = read_by(features, "buyer", profile)
    for column, (path, name) in read_by(features, "product", profile).items():
        if column not in buyers or profile.column(column).kind == "list":
            continue
        others = _same_in_a_batch(profile, column, model.batch_size)
        if others < 1:
            message = (
                f"both towers read {show(name)}, and a batch of {model.batch_size:,} has on "
                f"average {others:.2f} other rows with the same value: it reveals the "
                "right product"
            )
            yield Problem(path, message, "Remove it from both towers.")


def _same_in_a_batch(profile: Profile, column: str, batch_size: int) -> float:
    """Return how many rows of a batch share a row's value, on average: Simpson's index."""
    counts = profile.counts(column)
    rows = sum(counts)
    same = sum(count * (count - 1) for count in counts) / max(1, rows * (rows - 1))
    return same * (min(batch_size, rows) - 1)


@rule("RG528", "info", unless=("RG576",))
def of_the_row(features: FeatureConfig, profile: Profile) -> Iterator[Problem]:
    """A product feature that is not a property of the product.

    In training, each row has its own value; when products are recommended or recall is measured,
    each product has the value of its latest row. The two differ if a product has many values.
    Reported if this holds for 1% of the products or more, but not of a feature that may give the
    target away (RG576).

    Example:
        features:
          product_model_features:
            - {column: quantity, data_type: numeric}  # another one in each row

    Keep features that change slowly; remove those that belong to the purchase.
    """
    product = id_column(features, "product", profile)
    if product is None:
        return
    for path, feature, column in described_of(features, "product", profile):
        several = profile.ambiguous(product.name, column.name)
        if several > _FEW * product.distinct:
            message = (
                f"{show(feature.output_name)} has more than one value for "
                f"{percent(several / product.distinct)} of the products: each is "
                "recommended with the value of its latest row"
            )
            help = "Keep it if it changes slowly, like a price; otherwise remove it."
            yield Problem(path, message, help)


@rule("RG576", "error", allowable=True, also=("warning",))
def target_given_away(
    features: FeatureConfig, model: ModelConfig, profile: Profile
) -> Iterator[Problem]:
    """A column, or two together, that give the target away.

    If a tower sees the price in cents and the target is the price, or quantity and price and the
    target is their product, the model computes what it should predict: every test is perfect, and
    nothing of it is known before the purchase. Reported if the correlation with the target is 0.999
    or more, of a column or of a product, a sum, a difference or a ratio of two. For a target of 0
    and 1, also a column of which each value has only one of both, or which has one value for one of
    both and is empty for the other.

    It is a warning, and a question, if a column that varies within buyers and products, or two of
    them together, explain half or more of what the means of buyer and product do not explain of the
    target: a noisy, rounded or grouped copy, nearly a sum or a product, or that a column is empty.
    Three tenths are enough of a column that the product explains, too, such as points for what was
    paid: it is of this purchase, as no promotion is. Of Online Retail's quantity, honest columns
    (price, hour, weekday, lines of the order) explain up to 6%, and the quantity times a price with
    10% noise explains 90%. And if a column is the mean of the target over all rows of each buyer,
    product or other value: the test's rows are among them.

    Example:
        features:
          target_column: revenue  # quantity times price
          buyer_model_features:
            - {column: quantity, data_type: numeric}
          product_model_features:
            - {column: price, data_type: numeric}
        model:
          model_type: ranking

    Use instead:
        features:
          target_column: revenue
          product_model_features:
            - {column: price, data_type: numeric}
        model:
          model_type: ranking

    Remove what is only known after the purchase. If the column is known before it, such as a price
    that the buyer sees, ignore the warning, with the reason.
    """
    found = learnt(features, model, profile)
    if found is None or found.known < _FEWEST or found.column.distinct < 2:
        return
    seen = dict(_seen(features, found))
    told: set[str] = set()
    for names, message in _same(found, tuple(seen)):
        told |= {*names}
        others = tuple(seen[name] for name in names[1:])
        yield Problem(seen[names[0]], message, _REMOVE, also_of=others)  # the buyer's comes first
    left = [name for name in seen if name not in told]
    keys = {side: column.name for side, _, column in ids(features, found.profile)}
    for names, message in _explaining(found, left, keys):
        help = _KNOWN if len(names) == 1 else _BOTH_KNOWN
        others = tuple(seen[name] for name in names[1:])
        yield Problem(seen[names[0]], message, help, severity="warning", also_of=others)
    for name, message in _means(found, left, tuple(keys.values())):
        yield Problem(seen[name], message, _EARLIER, severity="warning")


_REMOVE = "Remove what is only known after the purchase."
_KNOWN = "Is it known before the purchase? If not, remove it."
_BOTH_KNOWN = "Are they known before the purchase? If not, remove them."
_EARLIER = "Compute it from the rows before each purchase, or remove it: it knows the test's."


def _same(found: Learnt, names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield columns, and pairs of others, that make the target, with what is said of them."""
    target, told = show(found.target.output_name), set()
    for name in names:
        if _is_same(found, name) or _decides(found, name):
            told.add(name)
            message = f"{show(name)} gives the target {target} away: one follows from the other"
            yield (name,), message
    numbers = (name for name in names if name not in told and _is_number(found, name))
    for first, second in combinations(islice(numbers, _COLUMNS), 2):
        formula = None
        if found.column.distinct > 2:
            formula = found.profile.formula(found.column.name, first, second, _SAME)
        if formula is not None:
            word, is_turned = formula
            left, right = (second, first) if is_turned else (first, second)
            message = f"the target {target} is {show(left)} {word} {show(right)}"
            yield (first, second), message


def _explaining(
    found: Learnt, names: Sequence[str], ids: Mapping[Side, str]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield columns, or pairs of others, that explain most of what buyer and product leave."""
    profile, target, keys = found.profile, found.column.name, tuple(ids.values())
    own = [name for name in names if all(_varies(profile, key, name) for key in keys)][:_COLUMNS]
    alone = {name: profile.explained(target, (name,), keys) for name in own}
    others = [name for name in own if alone[name] < _least(found, name, alone[name], keys)]
    shares: dict[tuple[str, ...], float] = {(name,): share for name, share in alone.items()}
    shares |= {pair: profile.explained(target, pair, keys) for pair in combinations(others, 2)}
    told: set[str] = set()
    for each, share in sorted(shares.items(), key=lambda item: -item[1]):
        if told.isdisjoint(each) and (share >= _MOSTLY or {*each}.isdisjoint(others)):
            told |= {*each}
            verb = "explains" if len(each) == 1 else "together explain"
            what = f"{' and '.join(map(show, each))} {verb} {percent(share)}"
            means = f" what the means of {' and '.join(ids)} do not explain of" if ids else ""
            yield each, f"{what} of{means} the target {show(found.target.output_name)}"


def _least(found: Learnt, name: str, share: float, keys: Sequence[str]) -> float:
    """Return the share of the target from which on a column is asked about."""
    if len(keys) < len(SIDES) or not _PARTLY <= share < _MOSTLY:
        return _MOSTLY
    buyer, product = keys
    is_of_purchase = found.profile.explained(name, (product,), (buyer,)) >= _MOSTLY
    return _PARTLY if is_of_purchase else _MOSTLY


def _varies(profile: Profile, key: str, name: str) -> bool:
    return profile.ambiguous(key, name, nulls=[name]) > _FEW * profile.column(key).distinct


def _means(found: Learnt, names: Sequence[str], keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield columns that are means of the target over all rows, with what is said of them."""
    profile, target = found.profile, found.column.name
    words = [name for name in names if profile.column(name).kind == "text"]
    for name in (name for name in names if _is_number(found, name)):
        for key in (*keys, *words):
            is_of_key = profile.ambiguous(key, name) == 0 and _varies(profile, key, target)
            if is_of_key and profile.correlation(target, name, key) >= _MEAN:
                mean = f"the mean of the target {show(found.target.output_name)}"
                yield name, f"{show(name)} is {mean} over all rows with the same {show(key)}"
                break


def _seen(features: FeatureConfig, found: Learnt) -> Iterator[tuple[str, Location]]:
    """Yield the columns that the towers read, other than IDs and the target."""
    ids = (features.buyer_id, features.product_id)
    for side in SIDES:
        for column, (path, name) in read_by(features, side, found.profile).items():
            if name not in ids and column != found.column.name:
                yield column, path


def _is_number(found: Learnt, name: str) -> bool:
    return found.profile.column(name).kind in ("integer", "real")


def _is_same(found: Learnt, name: str) -> bool:
    if not _is_number(found, name) or found.column.distinct == 2:
        return False
    return abs(found.profile.correlation(found.column.name, name)) >= _SAME


def _decides(found: Learnt, name: str) -> bool:
    """Return whether each value of a column has only one value of a binary target.

    Null is a value of a column with only one other.
    """
    column = found.profile.column(name)
    nulls = [name] if column.distinct == 1 and column.nulls else []
    few = 2 <= column.distinct + len(nulls) <= found.known / _FEWEST
    return found.is_binary and few and not found.profile.ambiguous(name, found.column.name, nulls)
