"""The callback's name and its addresses: DNS, the registry."""
