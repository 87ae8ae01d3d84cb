"""Commands about people: users, their roles, passwords and sessions, and who did what."""
