"""Twenty browsers in one small process: takes MJPEG streams as they come, says `ready` when each has shown a picture.

usage: TOKEN=… python viewers.py PORT COUNT; ends when its standard input is closed.
"""

import os
import selectors
import socket
import sys

PATH = "/api/v1/cameras/door/live.mjpeg"


def main() -> int:
    """Watch; the exit status."""
    port, count = int(sys.argv[1]), int(sys.argv[2])
    head = f"GET {PATH} HTTP/1.1\r\nHost: edge\r\nAuthorization: Bearer {os.environ['TOKEN']}\r\n\r\n".encode()
    waiting: set[socket.socket] = set()
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        for _ in range(count):
            viewer = socket.create_connection(("127.0.0.1", port))
            viewer.sendall(head)
            selector.register(viewer, selectors.EVENT_READ)
            waiting.add(viewer)
        while True:
            for key, _ in selector.select():
                if not isinstance(key.fileobj, socket.socket):
                    return 0
                data = key.fileobj.recv(1 << 20)
                if not data:
                    return 1
                if key.fileobj in waiting and b"image/jpeg" in data:
                    waiting.discard(key.fileobj)
                    if not waiting:
                        sys.stdout.write("ready\n")
                        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
