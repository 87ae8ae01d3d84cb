"""Tests of the pages about webhooks that are told."""
