"""The pages, one module each; `discovery.py` finds them."""
