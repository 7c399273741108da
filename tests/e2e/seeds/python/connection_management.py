"""Client Optimization, Connection Management. It stands inside a function here, so it is indented.

Mends: none.
"""

import asyncio

import aiohttp

from harness import REGISTRY_URL, report


async def main():
# --- seed 002, Client Optimization, Connection Management
    # Configure client session for optimal performance
    connector = aiohttp.TCPConnector(
        limit=100,              # Total connection pool size
        limit_per_host=30,      # Connections per host
        ttl_dns_cache=300,      # DNS cache TTL
        use_dns_cache=True,     # Enable DNS caching
        keepalive_timeout=30    # Keep-alive timeout
    )

    session = aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=10),
        headers={"User-Agent": "mcp-mesh-client/1.0"}
    )
# --- end of seed 002

    async def status(_):
        async with session.get(f"{REGISTRY_URL}/agents", params={"status": "healthy"}) as response:
            await response.read()
            return response.status

    statuses = await asyncio.gather(*(status(number) for number in range(200)))
    report("done", statuses=sorted(set(statuses)), requests=len(statuses))
    await session.close()


asyncio.run(main())
