"""The commands that set up a project: its events, and templates of them."""
