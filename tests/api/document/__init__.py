"""Tests of the documents of projects over HTTP."""
