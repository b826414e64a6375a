# SPDX-License-Identifier: BSD-2-Clause
"""A WebSocket echo server, and a client that says a few things to it.

    websocket.py server ADDRESS PORT
    websocket.py client ADDRESS PORT
"""

import asyncio
import sys

import websockets


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def serve(address, port):
    async with websockets.serve(echo, address, port, compression=None):
        await asyncio.Future()


async def talk(address, port):
    uri = "ws://%s:%d/chat" % (address, port)
    async with websockets.connect(uri, compression=None) as connection:
        for message in ('{"say": "hello"}', bytes(range(32)), "x" * 3000):
            await connection.send(message)
            assert await connection.recv() == message
        await (await connection.ping())


role, host, number = sys.argv[1:]
asyncio.run((serve if role == "server" else talk)(host, int(number)))
