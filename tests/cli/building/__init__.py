"""Tests of the commands for who builds an endpoint."""
