# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""A TCP proxy that is as bad as a network can be. Each connection has a fate: it is
good, slow, closed or reset after a while, or half open: both ends stay connected and
nothing comes through any more."""
import asyncio
import random
import socket
import struct
import threading

FATES = [("good", 80), ("slow", 8), ("close", 4), ("reset", 4), ("half-open", 4)]


class Proxy:
    def __init__(self, port, seed):
        self.to, self.random, self.calm = port, random.Random(seed), False
        self.counts = {name: 0 for name, _ in FATES}
        self.loop = asyncio.new_event_loop()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(self.serve, sock=self.listener))
        self.loop.run_forever()

    def fate(self):
        names, weights = zip(*FATES)
        fate = "good" if self.calm else self.random.choices(names, weights)[0]
        self.counts[fate] += 1
        return fate

    async def serve(self, reader, writer):
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.to)
        except OSError:
            writer.transport.abort()
            return
        state = {"fate": self.fate(), "dumb": False}
        ways = [asyncio.ensure_future(self.pump(a, b, state))
                for a, b in ((reader, to_writer), (to_reader, writer))]
        after = self.random.uniform(0.01, 2)
        done, _ = await asyncio.wait(
            ways, timeout=after if state["fate"] not in ("good", "slow") else None,
            return_when=asyncio.FIRST_COMPLETED)
        if not done and state["fate"] == "half-open":
            state["dumb"] = True
            await asyncio.wait(ways, timeout=15, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for end in (writer, to_writer):
            if state["fate"] == "reset":
                try:
                    end.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                except OSError:
                    pass # it is closed already
            if state["fate"] in ("reset", "half-open"):
                end.transport.abort()
            else:
                end.close()

    async def pump(self, reader, writer, state):
        try:
            while True:
                data = await reader.read(65536)
                if not data:
                    return
                if state["fate"] == "slow":
                    await asyncio.sleep(self.random.uniform(0, 0.15))
                if state["dumb"]:
                    continue
                writer.write(data)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            return
