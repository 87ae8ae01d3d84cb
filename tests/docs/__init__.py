"""Tests of the pages in docs/ that a machine keeps true."""
