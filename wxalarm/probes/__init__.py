"""The I/O package: the only place (with lab/) that opens sockets, and that reads other people's files.

A network error is reduced once, here, to a closed set of failures with libcurl's numbers, the same that alarms print.
"""
