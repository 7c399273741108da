"""Integration Examples, 1. FastMCP Agent Integration.

Mend 1: `FastMCP.run` starts an event loop of its own and cannot be awaited in one; `run_async` can.
Mend 2: the registry's URL is the test's, not port 8000.
Not yet replayed: POST /mcp/tools/register_agent; the same data go to POST /agents/register_with_metadata.
"""

import os

# It asks the package index for a newer FastMCP otherwise.
os.environ["FASTMCP_CHECK_FOR_UPDATES"] = "off"

from harness import REGISTRY_URL, register_over_rest

register_over_rest()

# --- seed 002, Integration Examples, 1. FastMCP Agent Integration
from fastmcp import FastMCP
import asyncio
import aiohttp

class MyAgent:
    def __init__(self):
        self.mcp = FastMCP("My Agent")
        self.agent_id = None
        self.registry_url = REGISTRY_URL  # mend 2
        self.running = False

    async def start(self):
        # Register capabilities
        @self.mcp.tool()
        async def process_data(data: str) -> str:
            """Process incoming data."""
            return f"Processed: {data}"

        # Register with registry
        await self.register_with_registry()

        # Start heartbeat
        self.running = True
        asyncio.create_task(self.heartbeat_loop())

        # Start MCP server
        await self.mcp.run_async(transport="stdio")  # mend 1

    async def register_with_registry(self):
        registration_data = {
            "id": "my-agent-001",
            "name": "My Processing Agent",
            "namespace": "production",
            "agent_type": "processing_agent",
            "endpoint": "stdio://my-agent",  # For stdio transport
            "capabilities": [
                {
                    "name": "process_data",
                    "description": "Process incoming data",
                    "category": "data_processing",
                    "version": "1.0.0",
                    "stability": "stable",
                    "tags": ["data", "processing"]
                }
            ],
            "labels": {"env": "production", "team": "data"},
            "security_context": "standard",
            "health_interval": 30.0
        }

        async with aiohttp.ClientSession() as session:
            async with session.post(
                f"{self.registry_url}/mcp/tools/register_agent",
                json={"registration_data": registration_data}
            ) as resp:
                if resp.status == 200:
                    result = await resp.json()
                    self.agent_id = result["agent_id"]
                    print(f"Registered: {self.agent_id}")

    async def heartbeat_loop(self):
        while self.running:
            if self.agent_id:
                try:
                    async with aiohttp.ClientSession() as session:
                        async with session.post(
                            f"{self.registry_url}/heartbeat",
                            json={"agent_id": self.agent_id}
                        ) as resp:
                            if resp.status != 200:
                                print(f"Heartbeat failed: {resp.status}")
                except Exception as e:
                    print(f"Heartbeat error: {e}")

            await asyncio.sleep(30)

if __name__ == "__main__":
    agent = MyAgent()
    asyncio.run(agent.start())
# --- end of seed 002
