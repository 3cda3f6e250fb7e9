"""The data that a config is about: its profile, its columns, estimates. Reads no file."""
