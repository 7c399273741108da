"""Best Practices, 3. Error Handling, Graceful Degradation.

Mends: none. The three ways it tries are the harness's, made of the guide's own client.
"""

import asyncio

import aiohttp

from client_service_discovery import ServiceClient
from harness import REGISTRY_URL, ServiceUnavailableError, go, register, report, serve_invoke


class RegistryUnavailableError(Exception):
    """As in Error Handling, 1. Registry Unavailable."""


client = ServiceClient(REGISTRY_URL)
known = {}


async def call_service_via_registry(capability, **kwargs):
    client.agent_cache.clear()
    try:
        agent = await client.find_agent_with_capability(capability)
    except aiohttp.ClientError as error:
        raise RegistryUnavailableError from error
    if agent is None:
        raise ServiceUnavailableError(capability)
    known[capability] = agent["endpoint"]
    return ["registry", await client.invoke_mcp_tool(agent["endpoint"], capability, **kwargs)]


async def call_service_via_cache(capability, **kwargs):
    return ["cache", await client.invoke_mcp_tool(known[capability], capability, **kwargs)]


async def fallback_implementation(data):
    return ["fallback", data]


# --- seed 002, Best Practices, 3. Error Handling, Graceful Degradation
async def resilient_service_call(capability: str, **kwargs):
    try:
        # Try primary approach
        return await call_service_via_registry(capability, **kwargs)
    except RegistryUnavailableError:
        # Fallback to cached agents
        return await call_service_via_cache(capability, **kwargs)
    except ServiceUnavailableError:
        # Fallback to default behavior
        return await fallback_implementation(**kwargs)
# --- end of seed 002


async def main():
    await register("called-agent", "process_data", await serve_invoke())
    report("up", answer=await resilient_service_call("process_data", data="one"))
    report("nobody", answer=await resilient_service_call("nobody_offers_this", data="two"))
    await go()  # the registry goes down
    report("down", answer=await resilient_service_call("process_data", data="three"))


asyncio.run(main())
