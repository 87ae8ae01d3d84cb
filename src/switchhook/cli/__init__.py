"""The operator's door: `operations` on the command line."""
