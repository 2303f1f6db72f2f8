"""What the machine itself says: processors, memory, disks, limits, TCP, clock; now, and by sar's files at a past time.

One module a resource. Linux's files are read below a root, so that a recorded tree can stand in for /; where there is
no /proc, psutil gives what it can and the rest is None. A file that is missing, cut or odd gives None, never an error.
"""
