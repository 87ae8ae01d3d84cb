"""Tests of the deliveries on the command line."""
