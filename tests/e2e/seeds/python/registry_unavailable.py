"""Error Handling, 1. Registry Unavailable.

Mends: none.
Not yet replayed: POST /mcp/tools/register_agent; the registry is down before any of it is sent.
"""

import asyncio

import aiohttp

from harness import report
from registration_pattern import logger, register_with_registry

# --- seed 002, Error Handling, 1. Registry Unavailable
class RegistryUnavailableError(Exception):
    pass

async def handle_registry_down():
    try:
        await register_with_registry()
    except (aiohttp.ClientError, asyncio.TimeoutError) as e:
        logger.error(f"Registry unavailable: {e}")
        # Use cached discovery data
        # Continue with reduced functionality
        # Alert monitoring system
# --- end of seed 002


asyncio.run(handle_registry_down())
report("survived")
