"""Error Handling, 3. Validation Errors. The handling stands inside a function here, so it is indented.

Mends: none.
Not yet replayed: POST /mcp/tools/register_agent, whose 400 has exactly the guide's body; a registration over REST that
lacks its id is refused here, and the guide's handling reads that answer.
"""

import asyncio

import aiohttp

from harness import REGISTRY_URL, new_logger, report

logger = new_logger()


async def handle(response):
# --- seed 002, Error Handling, 3. Validation Errors
    # Handle in agent
    if response.status == 400:
        result = await response.json()
        logger.error(f"Registration validation failed: {result['error']}")
        # Fix registration data
        # Retry with corrected data
# --- end of seed 002


async def main():
    async with aiohttp.ClientSession() as session:
        body = {"metadata": {"name": "my-agent-001"}, "timestamp": "2025-06-11T12:00:00Z"}
        async with session.post(f"{REGISTRY_URL}/agents/register_with_metadata", json=body) as response:
            await handle(response)
            report("answered", status=response.status)


asyncio.run(main())
