"""Scripted telephones on a virtual clock: the reference driver."""
