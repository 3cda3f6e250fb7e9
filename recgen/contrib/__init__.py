"""Adapters for programs that recgen is built into."""
