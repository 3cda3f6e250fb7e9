"""Presets on small data. The gate (`make bench-gate`) compares all of them with stored figures."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tensorflow", reason="needs the extra `train`")

from bench import gate
from bench.expectations import VIEWS

pytestmark = [pytest.mark.tf, pytest.mark.slow, pytest.mark.one_stack]


def test_layers_do_not_diverge_on_small_data(tmp_path: Path) -> None:
    # An epoch has a few steps: too few to repair what too long ones do at first.
    found = gate.train("deep_features", 3, gate.write_data(tmp_path), tmp_path)
    assert not found.problem
    assert found.verdict in ("good", "at_risk")
    assert found.recall.keys() == VIEWS.keys()
