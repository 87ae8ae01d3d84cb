"""Reads what people write: TOML into values, every mistake named with its line."""
