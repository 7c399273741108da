"""Usage Patterns, 1. Agent Registration Pattern.

Mends: none.
Not yet replayed: POST /mcp/tools/register_agent; the same data go to POST /agents/register_with_metadata.
"""

import asyncio

import aiohttp

from harness import REGISTRY_URL, new_logger, register_over_rest, report

SERVICE_NAME = "data-service"
instance_id = "7f3a"
NAMESPACE = "production"
HOST, PORT = "localhost", 8001
SECURITY_CONTEXT = "standard"
HEALTH_INTERVAL = 30.0
logger = new_logger()
register_over_rest()


def get_capabilities():
    return [{"name": "process_data", "description": "Process incoming data", "category": "data_processing"}]


def get_labels():
    return {"env": "production", "team": "data", "zone": "us-west-2a"}


# --- seed 002, Usage Patterns, 1. Agent Registration Pattern
async def register_with_registry():
    registration_data = {
        "id": f"{SERVICE_NAME}-{instance_id}",
        "name": SERVICE_NAME,
        "namespace": NAMESPACE,
        "agent_type": "service_agent",
        "endpoint": f"http://{HOST}:{PORT}/mcp",
        "capabilities": get_capabilities(),
        "labels": get_labels(),
        "security_context": SECURITY_CONTEXT,
        "health_interval": HEALTH_INTERVAL
    }

    async with aiohttp.ClientSession() as session:
        async with session.post(
            f"{REGISTRY_URL}/mcp/tools/register_agent",
            json={"registration_data": registration_data}
        ) as resp:
            if resp.status == 200:
                result = await resp.json()
                logger.info(f"Registered with registry: {result['agent_id']}")
                return True
            else:
                logger.error(f"Registration failed: {resp.status}")
                return False
# --- end of seed 002


if __name__ == "__main__":
    report("registered", result=asyncio.run(register_with_registry()))
