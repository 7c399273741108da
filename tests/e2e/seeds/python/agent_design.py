"""Best Practices, 1. Agent Design.

Mend 1: the schema's ellipses stand for anything; left empty here.
"""

import asyncio

import aiohttp

from harness import REGISTRY_URL, report, rest_body

CAPABILITY = (
# --- seed 002, Best Practices, 1. Agent Design, Capability Design
{
    "name": "clear_descriptive_name",  # Use clear, descriptive names
    "description": "Detailed description of what this capability does",
    "category": "logical_grouping",    # Group related capabilities
    "version": "1.2.3",               # Use semantic versioning
    "stability": "stable",            # Be honest about stability
    "tags": ["searchable", "keywords"], # Add searchable tags
    "input_schema": {                 # Always include schemas
        "type": "object",
        "properties": {},  # mend 1
        "required": []  # mend 1
    }
}
# --- end of seed 002
)

LABELS = (
# --- seed 002, Best Practices, 1. Agent Design, Labels Best Practices
{
    "env": "production",           # Environment (prod/staging/dev)
    "team": "platform",           # Owning team
    "zone": "us-west-2a",         # Deployment zone
    "criticality": "high",        # Business criticality
    "version": "1.2.3",          # Application version
    "component": "api-server"     # Component type
}
# --- end of seed 002
)


async def main():
    body = rest_body({"id": "designed-agent", "capabilities": [CAPABILITY], "labels": LABELS})
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{REGISTRY_URL}/agents/register_with_metadata", json=body) as response:
            report("registered", status=response.status)


asyncio.run(main())
