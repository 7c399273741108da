"""Best Practices, 2. Service Discovery, Query Optimization.

Mend 1: aiohttp refuses booleans in parameters.
"""

import asyncio

import aiohttp

from harness import REGISTRY_URL, report

# "Good Query"
# --- seed 002, Best Practices, 2. Service Discovery, Example - Good Query
# Specific, filtered query
params = {
    "capability_category": "data_processing",
    "status": "healthy",
    "label_selector": "env=production,team=data",
    "stability": "stable"
}
# --- end of seed 002
good = params

# "Poor Query"
# --- seed 002, Best Practices, 2. Service Discovery, Example - Poor Query
# Overly broad query
params = {
    "fuzzy_match": "true",  # mend 1
    "capability": "*"  # Don't do this
}
# --- end of seed 002
poor = params


async def main():
    async with aiohttp.ClientSession() as session:
        for name, query in (("good", good), ("poor", poor)):
            async with session.get(f"{REGISTRY_URL}/agents", params=query) as response:
                data = await response.json()
                report(name, status=response.status, ids=sorted(agent["id"] for agent in data["agents"]))


asyncio.run(main())
