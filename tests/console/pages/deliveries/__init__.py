"""Tests of the pages about deliveries."""
