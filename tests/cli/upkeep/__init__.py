"""Tests of the commands that look after a data directory."""
