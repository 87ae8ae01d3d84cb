"""`switchhook demo`: real calls between built-in telephones, routed by a real HTTP endpoint."""
