"""Deliveries: the error check, all of them, one of them, and jobs on many."""
