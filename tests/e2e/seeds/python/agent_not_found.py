"""Error Handling, 2. Agent Not Found. The handling stands inside a function here, so it is indented.

Mends: none.
"""

import asyncio

import aiohttp

from harness import REGISTRY_URL, new_logger, report

agent_id = "my-agent-001"
logger = new_logger()

EXPECTED = (
# --- seed 002, Error Handling, 2. Agent Not Found
# HTTP 404 from registry
{
    "detail": "Agent my-agent-001 not found"
}
# --- end of seed 002
)


def handle(response):
# --- seed 002, Error Handling, 2. Agent Not Found
    # Handle in client
    if response.status == 404:
        logger.warning(f"Agent {agent_id} not found in registry")
        # Remove from local cache
        # Try alternative agents
        # Graceful degradation
# --- end of seed 002


async def main():
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{REGISTRY_URL}/heartbeat", json={"agent_id": agent_id}) as response:
            handle(response)
            body = await response.json()
            report("answered", expected={key: body.get(key) for key in EXPECTED} == EXPECTED, body=body)


asyncio.run(main())
