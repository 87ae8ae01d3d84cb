"""Searches in lists that grow to millions of rows."""
