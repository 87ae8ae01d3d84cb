"""What a call is: frozen values and the rules between them."""
