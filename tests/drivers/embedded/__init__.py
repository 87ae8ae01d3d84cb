"""Tests of the built-in SIP engine as a telephone side."""
