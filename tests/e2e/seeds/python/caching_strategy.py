"""Best Practices, 4. Performance Optimization, Caching Strategy.

Mends: none. `query_registry`, which it calls, is the harness's.
"""

import asyncio
import types

import aiohttp

from harness import REGISTRY_URL, report

now = 1_000_000.0
time = types.SimpleNamespace(time=lambda: now)

# --- seed 002, Best Practices, 4. Performance Optimization, Caching Strategy
# Multi-level caching
class CachedRegistryClient:
    def __init__(self):
        self.memory_cache = {}      # Fast, short TTL
        self.persistent_cache = {}  # Slower, longer TTL

    async def find_agents(self, query):
        # L1: Memory cache (5 seconds)
        result = self.memory_cache.get(query)
        if result and time.time() - result[1] < 5:
            return result[0]

        # L2: Persistent cache (30 seconds)
        result = self.persistent_cache.get(query)
        if result and time.time() - result[1] < 30:
            self.memory_cache[query] = result
            return result[0]

        # L3: Registry
        data = await self.query_registry(query)
        timestamp = time.time()
        self.memory_cache[query] = (data, timestamp)
        self.persistent_cache[query] = (data, timestamp)
        return data
# --- end of seed 002


class Client(CachedRegistryClient):
    queries = 0

    async def query_registry(self, query):
        self.queries += 1
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{REGISTRY_URL}/agents?{query}") as response:
                return [agent["id"] for agent in (await response.json())["agents"]]


async def main():
    global now
    client = Client()
    for elapsed in (0, 4, 20, 40):
        now = 1_000_000.0 + elapsed
        report("found", after=elapsed, ids=await client.find_agents("status=healthy"), queries=client.queries)


asyncio.run(main())
