"""The store in one SQLite file: one writer thread, group commit, SQL in .sql files."""
