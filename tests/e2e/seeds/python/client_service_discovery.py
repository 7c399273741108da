"""Integration Examples, 2. Client Service Discovery.

Mends: none.
"""

import asyncio
import time

import aiohttp

from harness import REGISTRY_URL, ServiceUnavailableError, go, register, report, serve_invoke

# --- seed 002, Integration Examples, 2. Client Service Discovery
class ServiceClient:
    def __init__(self, registry_url: str):
        self.registry_url = registry_url
        self.agent_cache = {}

    async def call_service(self, capability: str, **kwargs):
        # Find agent with capability
        agent = await self.find_agent_with_capability(capability)

        if not agent:
            raise ServiceUnavailableError(f"No agent found with capability: {capability}")

        # Make MCP call to agent
        return await self.invoke_mcp_tool(agent["endpoint"], capability, **kwargs)

    async def find_agent_with_capability(self, capability: str):
        cache_key = f"capability:{capability}"

        # Check cache (with TTL)
        if cache_key in self.agent_cache:
            agent, timestamp = self.agent_cache[cache_key]
            if time.time() - timestamp < 30:  # 30 second cache
                return agent

        # Query registry
        async with aiohttp.ClientSession() as session:
            async with session.get(
                f"{self.registry_url}/capabilities",
                params={
                    "name": capability,
                    "agent_status": "healthy",
                    "stability": "stable"
                }
            ) as resp:
                if resp.status == 200:
                    data = await resp.json()
                    if data["capabilities"]:
                        cap = data["capabilities"][0]
                        agent = {
                            "id": cap["agent_id"],
                            "endpoint": cap["agent_endpoint"]
                        }
                        self.agent_cache[cache_key] = (agent, time.time())
                        return agent

        return None

    async def invoke_mcp_tool(self, endpoint: str, tool_name: str, **kwargs):
        # Implementation depends on MCP client library
        # This is a simplified example
        async with aiohttp.ClientSession() as session:
            async with session.post(
                f"{endpoint}/invoke",
                json={
                    "tool": tool_name,
                    "arguments": kwargs
                }
            ) as resp:
                return await resp.json()
# --- end of seed 002


async def main():
    endpoint = await serve_invoke()
    await register("called-agent", "process_data", endpoint)
    client = ServiceClient(REGISTRY_URL)
    report("answered", answer=await client.call_service("process_data", data="one"))
    try:
        await client.call_service("nobody_offers_this", data="two")
    except ServiceUnavailableError as error:
        report("unavailable", message=str(error))
    await go()  # the registry goes down: the agent was found before
    report("answered_without_registry", answer=await client.call_service("process_data", data="three"))


if __name__ == "__main__":
    asyncio.run(main())
