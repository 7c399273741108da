"""Usage Patterns, 2. Heartbeat Pattern.

Mends: none.
"""

import asyncio
import os

import aiohttp

from harness import REGISTRY_URL, go, new_logger

AGENT_ID = "my-agent-001"
HEALTH_INTERVAL = 0.02
running = True
logger = new_logger()


def get_system_load():
    return os.getloadavg()[0]


def get_memory_usage():
    return "78%"


def get_connection_count():
    return 3


# --- seed 002, Usage Patterns, 2. Heartbeat Pattern
async def heartbeat_loop():
    while running:
        try:
            async with aiohttp.ClientSession() as session:
                async with session.post(
                    f"{REGISTRY_URL}/heartbeat",
                    json={
                        "agent_id": AGENT_ID,
                        "status": "healthy",
                        "metadata": {
                            "load": get_system_load(),
                            "memory": get_memory_usage(),
                            "active_connections": get_connection_count()
                        }
                    }
                ) as resp:
                    if resp.status != 200:
                        logger.warning(f"Heartbeat failed: {resp.status}")
        except Exception as e:
            logger.error(f"Heartbeat error: {e}")

        await asyncio.sleep(HEALTH_INTERVAL)
# --- end of seed 002


async def main():
    global running
    loop = asyncio.create_task(heartbeat_loop())
    await go()
    running = False
    await loop


asyncio.run(main())
