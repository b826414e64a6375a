# SPDX-License-Identifier: BSD-2-Clause
"""A line to a server that can be cut, and be made to stand still: TCP, from one network namespace to another."""

import selectors
import socket
import threading

import sensing


class Relay:
    """Listens on a port of the loopback of a namespace (None: of this one), and passes on to this machine's loopback."""

    def __init__(self, target, port=None, namespace=None):
        self.target, self.namespace = target, namespace
        self.port = port or 0
        self.lock = threading.Lock()
        self.pairs = {}
        self.listener = None
        self.is_still = False
        self.passed = 0
        self.selector = selectors.DefaultSelector()
        self.bell, self.ear = socket.socketpair()
        self.selector.register(self.ear, selectors.EVENT_READ)
        self.is_over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def __enter__(self):
        self.restore()
        return self

    def __exit__(self, *_):
        self.cut()
        self.is_over = True
        self.bell.send(b"!")
        self.thread.join(10)
        self.selector.close()
        self.bell.close()
        self.ear.close()

    @property
    def address(self):
        return "localhost:%d" % self.port

    def restore(self):
        """Connections can be made, and bytes go through."""
        with self.lock:
            self.is_still = False
            if self.listener is None:
                self.listen()
            for end in self.pairs:
                self.watch(end)
        self.bell.send(b"!")

    def listen(self):
        if self.namespace is None:
            self.listener = socket.create_server(("127.0.0.1", self.port))
        else:
            with sensing.Inside(self.namespace):
                self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        self.selector.register(self.listener, selectors.EVENT_READ)

    def cut(self):
        """All connections break, and no more can be made."""
        with self.lock:
            if self.listener is not None:
                self.selector.unregister(self.listener)
                self.listener.close()
                self.listener = None
            for end in list(self.pairs):
                self.drop(end)

    def stall(self):
        """Connections stand and can be made, and no byte goes through."""
        with self.lock:
            self.is_still = True
            for end in self.pairs:
                self.watch(end)

    def watch(self, end):
        known = end in self.selector.get_map()
        if self.is_still and known:
            self.selector.unregister(end)
        elif not self.is_still and not known:
            self.selector.register(end, selectors.EVENT_READ)

    def drop(self, end):
        if end not in self.pairs:
            return
        for one in (end, self.pairs[end]):
            del self.pairs[one]
            if one in self.selector.get_map():
                self.selector.unregister(one)
            one.close()

    def accept(self):
        near, _ = self.listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            near.close()
            return
        self.pairs[near], self.pairs[far] = far, near
        self.watch(near)
        self.watch(far)

    def carry(self, end):
        try:
            data = end.recv(1 << 16)
            if not data:
                raise OSError
            self.pairs[end].sendall(data)
            self.passed += len(data)
        except OSError:
            self.drop(end)

    def run(self):
        while not self.is_over:
            for key, _ in self.selector.select(1):
                with self.lock:
                    if key.fileobj is self.ear:
                        self.ear.recv(100)
                    elif key.fileobj is self.listener:
                        self.accept()
                    elif key.fileobj in self.pairs and not self.is_still:
                        self.carry(key.fileobj)
