"""Tests of switchboard."""
