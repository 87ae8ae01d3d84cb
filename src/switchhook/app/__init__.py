"""Puts it all together: the only package that knows every other."""
