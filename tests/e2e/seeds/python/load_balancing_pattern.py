"""Usage Patterns, 4. Load Balancing Pattern.

Mend 1: `get_load_balanced_agent` reads a key `status` that `find_agents_with_capability` never sets; set here from the
answer's `agent_status`.
"""

import asyncio

import aiohttp

from harness import REGISTRY_URL, ServiceUnavailableError, report

# --- seed 002, Usage Patterns, 4. Load Balancing Pattern
import random

async def get_load_balanced_agent(capability_name: str):
    agents = await find_agents_with_capability(capability_name)

    if not agents:
        raise ServiceUnavailableError(f"No agents found with capability: {capability_name}")

    # Filter by health and load
    healthy_agents = [
        agent for agent in agents
        if agent["status"] == "healthy"
    ]

    if not healthy_agents:
        raise ServiceUnavailableError("No healthy agents available")

    # Simple random selection (can be enhanced with load-aware selection)
    return random.choice(healthy_agents)

async def find_agents_with_capability(capability_name: str):
    async with aiohttp.ClientSession() as session:
        async with session.get(
            f"{REGISTRY_URL}/capabilities",
            params={"name": capability_name, "agent_status": "healthy"}
        ) as resp:
            if resp.status == 200:
                data = await resp.json()
                # Group by agent_id to get unique agents
                agents_by_id = {}
                for cap in data["capabilities"]:
                    agent_id = cap["agent_id"]
                    if agent_id not in agents_by_id:
                        agents_by_id[agent_id] = {
                            "id": agent_id,
                            "name": cap["agent_name"],
                            "endpoint": cap["agent_endpoint"],
                            "status": cap["agent_status"],  # mend 1
                            "capabilities": []
                        }
                    agents_by_id[agent_id]["capabilities"].append(cap)

                return list(agents_by_id.values())
            return []
# --- end of seed 002


async def main():
    for agent in await find_agents_with_capability("process_data"):
        report("candidate", id=agent["id"], endpoint=agent["endpoint"], capabilities=len(agent["capabilities"]))
    chosen = {(await get_load_balanced_agent("process_data"))["id"] for _ in range(40)}
    report("chosen", ids=sorted(chosen))
    try:
        await get_load_balanced_agent("nobody_offers_this")
    except ServiceUnavailableError as error:
        report("unavailable", message=str(error))


asyncio.run(main())
