"""Each dialect's exact bytes and readings."""
