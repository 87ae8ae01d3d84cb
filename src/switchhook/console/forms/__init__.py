"""Forms made from the schema that project files, their documents and their mistakes come from."""
