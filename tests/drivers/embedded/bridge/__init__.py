"""Tests of how the SIP legs of a call are joined."""
