"""What is done on each event: one function for each entry of the transition table."""
