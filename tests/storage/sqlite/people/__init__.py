"""Tests of users, sessions and the audit log in a database."""
