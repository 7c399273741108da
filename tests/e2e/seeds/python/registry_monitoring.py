"""Performance Optimization, Monitoring and Metrics.

Mends: none.
"""

import asyncio
import time

import aiohttp

from harness import REGISTRY_URL, new_logger, report

registry_url = REGISTRY_URL
logger = new_logger()

# --- seed 002, Performance Optimization, Monitoring and Metrics
# Monitor registry performance
async def check_registry_health():
    async with aiohttp.ClientSession() as session:
        # Check response time
        start_time = time.time()
        async with session.get(f"{registry_url}/health") as resp:
            response_time = time.time() - start_time

            if response_time > 1.0:
                logger.warning(f"Slow registry response: {response_time:.2f}s")

            # Check registry metrics
            async with session.get(f"{registry_url}/metrics") as metrics_resp:
                if metrics_resp.status == 200:
                    metrics = await metrics_resp.json()

                    if metrics["total_agents"] > 10000:
                        logger.info("Large registry detected, consider scaling")

                    if metrics["memory_usage_mb"] > 1000:
                        logger.warning("High registry memory usage")
# --- end of seed 002


async def main():
    await check_registry_health()
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{registry_url}/metrics") as response:
            metrics = await response.json()
            report("metrics", agents=metrics["total_agents"], memory=metrics["memory_usage_mb"])


asyncio.run(main())
