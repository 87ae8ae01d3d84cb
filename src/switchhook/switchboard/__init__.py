"""The one live loop: hears, steps, records, carries out."""
