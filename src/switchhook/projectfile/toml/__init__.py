"""Reads and writes TOML by tables of keys, and names mistakes with their lines."""
