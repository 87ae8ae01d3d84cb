"""The OpenAPI document: what the framework knows of the operations, completed by names, bodies and examples."""
