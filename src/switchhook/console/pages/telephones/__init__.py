"""Accounts, groups, trunks and sounds: the telephone side of a project."""
