"""Best Practices, 3. Error Handling, Retry Logic.

Mends: none. The pauses are reported instead of slept.
Not yet replayed: POST /mcp/tools/register_agent; the same data go to POST /agents/register_with_metadata.
"""

import asyncio

from harness import go, report
from registration_pattern import register_with_registry

# --- seed 002, Best Practices, 3. Error Handling, Retry Logic
from tenacity import retry, stop_after_attempt, wait_exponential

@retry(
    stop=stop_after_attempt(3),
    wait=wait_exponential(multiplier=1, min=4, max=10)
)
async def register_with_retry():
    return await register_with_registry()
# --- end of seed 002


async def pause(seconds):
    report("paused", seconds=seconds)
    await go()


async def main():
    register_with_retry.retry.sleep = pause
    report("registered", result=await register_with_retry())


asyncio.run(main())
