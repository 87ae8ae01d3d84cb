"""A call as a ladder: who told whom what, from top to bottom in time; as values, and as SVG."""
