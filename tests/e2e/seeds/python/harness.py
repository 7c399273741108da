"""What every file here has around its part of seed 002: arguments, reports, and a rein on time.

A file runs as `python <file> <registry URL>`. It prints one JSON object per line, which the test reads, and where it says
so waits for a line on standard input, so that the test decides what happens in between.
"""

import asyncio
import json
import logging
import sys

import aiohttp
from aiohttp import web

REGISTRY_URL = sys.argv[1] if len(sys.argv) > 1 else ""


def report(event, **data):
    print(json.dumps({"event": event, **data}), flush=True)


async def go():
    """Waits until the test has done its part."""
    report("waiting")
    await asyncio.to_thread(sys.stdin.readline)


class _Reporter(logging.Handler):
    def emit(self, record):
        report("log", level=record.levelname.lower(), message=record.getMessage())


def new_logger():
    logger = logging.getLogger("seed")
    logger.setLevel(logging.INFO)
    logger.addHandler(_Reporter())
    return logger


class ServiceUnavailableError(Exception):
    """Named in the guide's snippets and defined nowhere in it."""


def rest_body(registration_data):
    """The tool's registration data, as `POST /agents/register_with_metadata` takes them."""
    metadata = {key: value for key, value in registration_data.items() if key != "id"}
    return {"agent_id": registration_data["id"], "metadata": metadata, "timestamp": "2025-06-11T12:00:00Z"}


class _OneRegistrationReply:
    """A 201 with the REST route's body, shown as the 200 that the tool's route gives."""

    def __init__(self, request):
        self._request = request

    async def __aenter__(self):
        response = await self._request.__aenter__()
        if response.status == 201:
            response.status = 200
        return response

    async def __aexit__(self, *exception):
        return await self._request.__aexit__(*exception)


def register_over_rest():
    """NOT YET REPLAYED: `POST /mcp/tools/register_agent`. Sends the same data to the REST route instead.

    To be removed, with its calls, once the registry serves its tools over HTTP.
    """
    post = aiohttp.ClientSession.post

    def post_over_rest(session, url, **options):
        base, tool, rest = str(url).partition("/mcp/tools/register_agent")
        if tool == "":
            return post(session, url, **options)
        options["json"] = rest_body(options["json"]["registration_data"])
        return _OneRegistrationReply(post(session, f"{base}/agents/register_with_metadata{rest}", **options))

    aiohttp.ClientSession.post = post_over_rest


async def serve_invoke():
    """An agent that serves `/invoke`, as the guide has it. Gives the URL to register."""

    async def invoke(request):
        call = await request.json()
        return web.json_response({"tool": call["tool"], "result": f"Processed: {call['arguments']['data']}"})

    application = web.Application()
    application.router.add_post("/invoke", invoke)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


async def register(agent_id, capability, endpoint):
    """Registers an agent with one stable capability."""
    body = rest_body({"id": agent_id, "endpoint": endpoint, "capabilities": [{"name": capability, "stability": "stable"}]})
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{REGISTRY_URL}/agents/register_with_metadata", json=body) as response:
            assert response.status == 201, await response.text()
