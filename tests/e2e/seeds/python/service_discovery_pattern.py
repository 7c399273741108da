"""Usage Patterns, 3. Service Discovery Pattern.

Mends: none.
"""

import asyncio

import aiohttp

from harness import REGISTRY_URL, report

# --- seed 002, Usage Patterns, 3. Service Discovery Pattern
async def find_data_processors():
    async with aiohttp.ClientSession() as session:
        async with session.get(
            f"{REGISTRY_URL}/agents",
            params={
                "capability_category": "data_processing",
                "status": "healthy",
                "label_selector": "env=production"
            }
        ) as resp:
            if resp.status == 200:
                data = await resp.json()
                return [agent for agent in data["agents"]]
            return []

async def find_specific_capability():
    async with aiohttp.ClientSession() as session:
        async with session.get(
            f"{REGISTRY_URL}/capabilities",
            params={
                "name": "transform_data",
                "stability": "stable",
                "agent_status": "healthy"
            }
        ) as resp:
            if resp.status == 200:
                data = await resp.json()
                return data["capabilities"]
            return []
# --- end of seed 002


async def main():
    report("processors", ids=sorted(agent["id"] for agent in await find_data_processors()))
    found = await find_specific_capability()
    report("capabilities", found=[[item["agent_id"], item["name"], item["stability"]] for item in found])


asyncio.run(main())
