"""A small telephone: registers, calls, answers and plays a tone; for the demo, real calls of the command line and tests."""
