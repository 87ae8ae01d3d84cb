"""The domain of calls: frozen values and the rules between them."""
