"""Call tracking: facts of callers and visitors besides their call, and limits of outside calls."""
