"""Client Optimization, Batch Operations.

Mends: none.
"""

import asyncio
from typing import List

import aiohttp

from harness import REGISTRY_URL, report

registry_url = REGISTRY_URL

# --- seed 002, Client Optimization, Batch Operations
async def batch_discovery(queries: List[dict]):
    """Perform multiple discovery queries concurrently."""
    async with aiohttp.ClientSession() as session:
        tasks = []
        for query in queries:
            task = session.get(f"{registry_url}/agents", params=query)
            tasks.append(task)

        responses = await asyncio.gather(*tasks)
        results = []

        for response in responses:
            if response.status == 200:
                data = await response.json()
                results.append(data["agents"])
            else:
                results.append([])

        return results
# --- end of seed 002


async def main():
    queries = [
        {"namespace": "production", "status": "healthy"},
        {"label_selector": "criticality=high"},
        {"version_constraint": "~1.2.0"},
        {"label_selector": "malformed"},
        {"capability": "data", "fuzzy_match": "true"},
    ] * 10
    results = await batch_discovery(queries)
    for result in results[:5]:
        report("result", ids=sorted(agent["id"] for agent in result))
    rounds = [[sorted(agent["id"] for agent in agents) for agents in results[i : i + 5]] for i in range(0, 50, 5)]
    report("rounds", equal=all(one == rounds[0] for one in rounds), count=len(rounds))


asyncio.run(main())
