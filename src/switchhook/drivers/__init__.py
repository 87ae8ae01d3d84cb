"""A telephone side: its tongue into call events, commands back into its tongue."""
