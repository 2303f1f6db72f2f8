"""The way to the callback: TCP, TLS, HTTP, the signed requests, pings."""
