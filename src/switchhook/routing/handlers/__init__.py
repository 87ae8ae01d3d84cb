"""The handlers: one function for each entry of the transition table."""
