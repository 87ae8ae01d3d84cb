"""Who may do what over HTTP: the rights of every operation, users, tokens, and the audit log."""
