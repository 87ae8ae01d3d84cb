"""Users, sessions and the audit log in a database."""
