"""What is shipped for the programs around Switchhook."""
