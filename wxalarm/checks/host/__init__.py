"""The callback server itself, one module a resource."""
