"""Data that a config describes: its profile, its columns, estimates. Reads no file."""
