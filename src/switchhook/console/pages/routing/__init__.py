"""Pages of how calls are routed: schemes and their steps."""
