"""Error Recovery Strategies, Exponential Backoff.

Mends: none. The pauses are reported instead of slept.
Not yet replayed: POST /mcp/tools/register_agent; the same data go to POST /agents/register_with_metadata.
"""

import asyncio as real_asyncio
import types

from harness import go, report
from registration_pattern import logger, register_with_registry


async def pause(seconds):
    report("paused", seconds=seconds)
    await go()


asyncio = types.SimpleNamespace(sleep=pause)

# --- seed 002, Error Recovery Strategies, Exponential Backoff
async def register_with_backoff():
    max_retries = 5
    base_delay = 1

    for attempt in range(max_retries):
        try:
            return await register_with_registry()
        except Exception as e:
            if attempt == max_retries - 1:
                raise

            delay = base_delay * (2 ** attempt)
            logger.warning(f"Registration failed (attempt {attempt + 1}), retrying in {delay}s: {e}")
            await asyncio.sleep(delay)
# --- end of seed 002


async def main():
    report("registered", result=await register_with_backoff())


real_asyncio.run(main())
