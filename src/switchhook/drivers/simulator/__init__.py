"""Scripted phones on a virtual clock."""
