"""Commands about sound: what callers hear, and what was recorded."""
