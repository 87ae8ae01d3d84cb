"""Tests of the commands that bring in what happened elsewhere."""
