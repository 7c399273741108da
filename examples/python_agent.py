"""An agent that registers with the registry and tells it every few seconds that it is alive. Needs aiohttp only."""

import asyncio
import os
from datetime import datetime, timezone

import aiohttp

REGISTRY = os.environ.get("MCP_MESH_REGISTRY_URL", "http://localhost:8000")
AGENT_ID = "greeter"
INTERVAL_SECONDS = 5
METADATA = {
    "labels": {"env": "dev"},
    "capabilities": [{"name": "greeting", "version": "1.0.0", "description": "Says hello", "tags": ["demo"]}],
    "dependencies": ["get_weather"],
    "health_interval": INTERVAL_SECONDS,
}


async def main():
    is_registered = False
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        while True:
            path, body = "/heartbeat", {"agent_id": AGENT_ID}
            if not is_registered:
                now = datetime.now(timezone.utc).isoformat()
                path, body = "/agents/register_with_metadata", {"agent_id": AGENT_ID, "metadata": METADATA, "timestamp": now}
            try:
                async with session.post(REGISTRY + path, json=body) as response:
                    answer = await response.json()
                # 404: the registry does not know this agent (any more). 503: try again as it is.
                is_registered = response.ok or (is_registered and response.status != 404)
                print(response.status, answer.get("message") or answer["detail"], answer.get("dependencies_resolved"), flush=True)
            except (aiohttp.ClientError, asyncio.TimeoutError) as error:
                print("no answer, will try again:", error or type(error).__name__, flush=True)
            await asyncio.sleep(INTERVAL_SECONDS)


try:
    asyncio.run(main())
except KeyboardInterrupt:
    pass
