"""Strict receivers of services, each written from its public description before a template for it."""
