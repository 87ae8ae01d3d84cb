"""Operations in a browser, for people: pages that are made on the server."""
