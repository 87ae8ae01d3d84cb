"""Tests of users, roles, tokens and rights."""
