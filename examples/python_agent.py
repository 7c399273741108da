"""An agent that registers and then tells the registry every few seconds that it is alive. Needs only aiohttp."""

import asyncio
import os
from datetime import datetime, timezone

import aiohttp

REGISTRY = os.environ.get("MCP_MESH_REGISTRY_URL", "http://localhost:8000")
INTERVAL_SECONDS = 5
AGENT_ID = "greeter"
METADATA = {
    "labels": {"env": "dev"},
    "capabilities": [{"name": "greeting", "version": "1.0.0", "description": "Says hello", "tags": ["demo"]}],
    "dependencies": ["get_weather"],
    "health_interval": INTERVAL_SECONDS,
}


async def post(session, path, body):
    async with session.post(REGISTRY + path, json={"agent_id": AGENT_ID, **body}) as response:
        return response.status, await response.json()


async def main():
    is_registered = False
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        while True:
            try:
                if is_registered:
                    status, answer = await post(session, "/heartbeat", {})
                else:
                    now = datetime.now(timezone.utc).isoformat()
                    registration = {"metadata": METADATA, "timestamp": now}
                    status, answer = await post(session, "/agents/register_with_metadata", registration)
                # 404: the registry does not know this agent. Whatever else goes wrong is no reason to register anew.
                is_registered = status in (200, 201) or (is_registered and status != 404)
                print(status, answer.get("message") or answer["detail"], answer.get("dependencies_resolved", ""))
            except (aiohttp.ClientError, asyncio.TimeoutError) as error:
                print("The registry does not answer:", error or type(error).__name__)
            await asyncio.sleep(INTERVAL_SECONDS)


asyncio.run(main())
