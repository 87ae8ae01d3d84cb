"""Remembers: the contract of a store, its values, and the stores."""
