"""Tests of what reads people's documents."""
