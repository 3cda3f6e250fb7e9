"""Plan of the target's paragraph in `transform_module.py`."""

from __future__ import annotations

from recgen.config import Target
from recgen.plan.names import Names
from recgen.plan.steps import Clip, Derive, Output, Scale, Statement, Step


def target_step(target: Target, reads: list[Statement], variable: str, names: Names) -> Step:
    """Return the paragraph that writes the target, and how to undo its scaling.

    Args:
        target: Its column and transforms.
        reads: The statement that reads the column, if no other paragraph did.
        variable: The variable that has the column's values.
        names: Names for further variables.
    """
    name = target.output_name

    def named(*parts: str) -> str:
        return names.of((name, "target", *parts), "_".join((name, *parts)))

    statements: list[Statement] = [*reads, Derive(named("exact"), "exact", variable)]
    values = named("exact")
    if target.is_clipped:
        statements.append(Clip(named("clipped"), values, *target.bounds))
        values = named("clipped")
    if target.is_logged:
        statements.append(Derive(named("log"), "log_amount", values))
        values = named("log")
    comment = f"Target: {name}"
    if name != target.column:
        comment += f" ({target.column} in the source)"
    if target.normalize is None:
        kinds = ("as_float32", "ones", "zeros")
        outputs = [
            Output(kind, key, values) for kind, key in zip(kinds, target.output_keys, strict=True)
        ]
        return Step(comment, tuple(statements), tuple(outputs))
    scale, shift = named("scale"), named("shift")
    if target.normalize.range is None:
        statements.append(Scale("by_deviation", scale, shift, values))
    else:
        statements.append(Scale("by_range", scale, shift, values, target.normalize.range))
    outputs = [Output("scaled", target.key, values, uses=scale, uses_too=shift)]
    pairs = ((target.scale_key, scale), (target.shift_key, shift))
    outputs += [Output("in_every_row", key, values, uses=each) for key, each in pairs]
    return Step(comment, tuple(statements), tuple(outputs))
