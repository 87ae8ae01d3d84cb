"""Commands about stored calls."""
