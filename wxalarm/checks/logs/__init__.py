"""The logs of nginx and of the application in the alarm's minutes."""
