"""Strict receivers: other people's systems, each written from its public description before we send to it."""
