"""Scripted phones on a virtual clock: the reference telephone side."""
