"""The HTTP client: one exchange within its deadline and limits, over connections that are kept."""
