"""Tests of the console, over real sockets and in a real Chromium."""
