"""Measurements, each a command: `python -m bench.run`. No part of the package."""
