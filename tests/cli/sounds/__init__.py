"""Tests of the commands about sound."""
