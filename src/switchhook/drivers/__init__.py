"""The drivers: each turns one telephone protocol into call events, and commands back into it."""
