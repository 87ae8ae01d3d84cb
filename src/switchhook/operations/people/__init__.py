"""What is done about people: users, roles, passwords, sessions, and the log of who did what."""
