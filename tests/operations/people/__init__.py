"""Tests of what is done about people."""
