"""The push protocol as WeChat speaks it, sans-IO: crypto, what WeChat pushes, what it accepts as a reply."""
