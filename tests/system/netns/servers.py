"""Servers of the small Internet that nginx and unbound are not: a port that takes 3 s to connect to, a slow handler.

And WeChat's API. Run as a program inside the servers' namespace:
python servers.py ADDRESS-WITH-SLOW-CONNECT API-ADDRESS API-CERTIFICATE CALLBACK-ADDRESS-THAT-WECHAT-SEES.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import sys
import threading
import time

from wxalarm.lab.api import Api
from wxalarm.lab.web import serve


def slow_connect(address: str) -> None:
    """A listener whose queue is full until 2.7 s after somebody's first SYN: its repeat at 3 s gets through."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, 80))
    listener.listen(0)
    while True:
        filler = socket.create_connection((address, 80))
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)) as watcher:
            while not is_syn(watcher.recv(65536), socket.inet_aton(address)):
                pass
        time.sleep(2.7)
        listener.settimeout(2.5)
        with contextlib.suppress(TimeoutError):
            while True:
                other, _ = listener.accept()
                threading.Thread(target=answer, args=(other,), daemon=True).start()
        filler.close()


def is_syn(packet: bytes, address: bytes) -> bool:
    """Whether an IPv4 packet is another host's first packet of a TCP connection to the address."""
    head = (packet[0] & 15) * 4
    return packet[9] == 6 and packet[16:20] == address != packet[12:16] and packet[head + 13] & 0x12 == 0x02


def answer(connection: socket.socket, after: float = 0) -> None:
    """Answer success, `after` seconds later."""
    time.sleep(after)
    with connection:
        connection.settimeout(5)
        try:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nsuccess")
        except OSError:
            return


def sleeper() -> None:
    """An application behind nginx that thinks for 8 s about every request."""
    listener = socket.create_server(("127.0.0.1", 8008))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection, 8), daemon=True).start()


async def wechat(address: str, pem: str, callback: str) -> None:
    """The API stand-in on its real port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    api = Api(token="made-up-access-token", callback_ips=("198.51.100.7",), dns=((callback, "CHINANET"),))
    async with serve(api, host=address, port=443, tls=context):
        await asyncio.Event().wait()


if __name__ == "__main__":
    threading.Thread(target=lambda: asyncio.run(wechat(*sys.argv[2:])), daemon=True).start()
    threading.Thread(target=sleeper, daemon=True).start()
    slow_connect(sys.argv[1])
