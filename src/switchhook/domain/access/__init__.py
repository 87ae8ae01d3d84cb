"""Who may do what: users, their roles, tokens, and what acts need."""
