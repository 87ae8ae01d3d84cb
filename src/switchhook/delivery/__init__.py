"""Carries requests to endpoints, and answers back."""
