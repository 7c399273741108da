"""Best Practices, 4. Performance Optimization, Connection Pooling.

Mends: none.
"""

import asyncio

import aiohttp

from harness import REGISTRY_URL, report

# --- seed 002, Best Practices, 4. Performance Optimization, Connection Pooling
# Reuse HTTP session for multiple requests
class RegistryClient:
    def __init__(self, registry_url: str):
        self.registry_url = registry_url
        self.session = None

    async def __aenter__(self):
        self.session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, exc_type, exc_val, exc_tb):
        if self.session:
            await self.session.close()
# --- end of seed 002


opened = 0


async def count_connection(*_):
    global opened
    opened += 1


traces = aiohttp.TraceConfig()
traces.on_connection_create_end.append(count_connection)
traces.freeze()


async def main():
    async with RegistryClient(REGISTRY_URL) as client:
        client.session.trace_configs.append(traces)
        for _ in range(20):
            async with client.session.get(f"{client.registry_url}/agents") as response:
                assert response.status == 200
                await response.read()
    report("done", opened=opened)


asyncio.run(main())
