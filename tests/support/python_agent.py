"""An agent as the existing Python runtime (agents.md, generation B+) is on the wire, written from that description.

    python python_agent.py <registry URL> <JSON: the processes to play, see below>

    {"processes": [{"functions": [{"function_name": "greet", "capability": "greeting", ...}]}],
     "pauses": [1, 2],      seconds between the three attempts of a call
     "interval": null,      seconds between heartbeats; null: each function's health_interval
     "beats": null}         successful heartbeats of each function after which to leave; null: never

A process has one HTTP session and registers its decorated functions one after the other; several processes are played at
once. What happens is printed, one JSON object a line:

    attempt        path, status or error: one HTTP request
    registered     function, attempts to register so far
    unregistered   function: a registration failed
    proxies        function, why (registration or heartbeat), proxies: all its proxies were built again
    complaint      function, text: an exception that the runtime logs and swallows
    http           function, endpoint: its HTTP server has started
    contacted      function: somebody connected to it
    beat           function, ok
"""

import asyncio
import copy
import json
import sys
from datetime import datetime, timezone

import aiohttp

ATTEMPTS = 3
ATTEMPT_TIMEOUT_SECONDS = 30
JSON_HEADERS = {"Content-Type": "application/json"}

DEFAULTS = {
    "agent_name": None,
    "capability": "greeting",
    "dependencies": [],
    "health_interval": 30,
    "version": "1.0.0",
    "description": None,
    "tags": [],
    "endpoint": None,
    "enable_http": None,
    "metadata": {},
}


def report(event, **data):
    print(json.dumps({"event": event, **data}), flush=True)


def now():
    return datetime.now(timezone.utc).isoformat()


class Registry:
    """The runtime's client: three attempts whatever went wrong, and nothing is raised."""

    def __init__(self, url, pauses, session):
        self.url = url
        self.pauses = pauses
        self.session = session

    async def post(self, path, body):
        for attempt in range(ATTEMPTS):
            try:
                async with self.session.post(self.url + path, data=body, headers=JSON_HEADERS) as response:
                    report("attempt", path=path, status=response.status)
                    if response.status in (200, 201):
                        # Without a length (chunked) or with none (0) the body is not read.
                        return await response.json() if response.content_length else {"status": "ok"}
            except (aiohttp.ClientError, asyncio.TimeoutError, ValueError) as error:
                report("attempt", path=path, error=type(error).__name__)
            if attempt < ATTEMPTS - 1:
                await asyncio.sleep(self.pauses[attempt])
        return None


class Function:
    """One decorated function: one registered agent with one capability."""

    def __init__(self, registry, options, interval, beats):
        self.registry = registry
        self.options = {**DEFAULTS, **options}
        self.name = self.options["function_name"]
        self.agent_id = self.options["agent_name"] or self.name
        self.interval = self.options["health_interval"] if interval is None else interval
        self.beats_left = beats
        self.registration = json.dumps(self._registration()).encode()
        self.registrations = 0
        self.is_registered = False
        self.http_endpoint = None
        self.last_resolved = None
        self.proxies = {}

    def _registration(self):
        options = self.options
        fixed = options["endpoint"]
        is_url = fixed is not None and fixed.startswith(("http://", "https://"))
        decorated = {"function_name": self.name, "decorator_type": "mesh_agent"}
        return {
            "agent_id": self.agent_id,
            "metadata": {
                "name": self.agent_id,
                "agent_type": "mesh_agent",
                "namespace": "default",
                "endpoint": fixed if is_url else f"stdio://{self.agent_id}",
                "capabilities": [
                    {
                        "name": options["capability"],
                        "version": options["version"],
                        "description": options["description"],
                        "tags": options["tags"],
                        "parameters": {},
                        "performance_metrics": {},
                        "security_level": "standard",
                        "resource_requirements": {},
                        "metadata": decorated,
                    }
                ],
                "dependencies": options["dependencies"],
                "health_interval": options["health_interval"],
                "security_context": None,
                "tags": options["tags"],
                "version": options["version"],
                "description": options["description"],
                "timeout": 30,
                "retry_attempts": 3,
                "enable_caching": True,
                "fallback_mode": True,
                "performance_profile": {},
                "resource_requirements": {},
                "metadata": {**decorated, "registered_at": now(), "processor_version": "1.0.0"},
            },
            "timestamp": now(),
        }

    def _heartbeat(self):
        options = self.options
        metadata = {
            "capabilities": [options["capability"]],
            "timestamp": now(),
            "checks": {},
            "errors": [],
            "uptime_seconds": 0,
            "version": options["version"],
            "capability": options["capability"],
            "health_interval": options["health_interval"],
            "dependencies": options["dependencies"],
            "registry_url": None,
            "agent_name": self.agent_id,
            "security_context": None,
            "timeout": 30,
            "retry_attempts": 3,
            "enable_caching": True,
            "fallback_mode": True,
            "description": options["description"],
            "endpoint": self.http_endpoint or options["endpoint"],
            "tags": options["tags"],
            "performance_profile": {},
            "resource_requirements": {},
            "enable_http": options["enable_http"],
            "http_host": "0.0.0.0",
            "http_port": 0,
            "function_name": self.name,
        }
        if self.http_endpoint is not None:
            metadata["transport"] = ["stdio", "http"]
        # The function's name, also where the agent was registered under another.
        return {"agent_id": self.name, "status": "healthy", "metadata": {**metadata, **options["metadata"]}}

    async def register(self):
        """The first registration's bytes, again and again until one succeeds."""
        self.registrations += 1
        reply = await self.registry.post("/agents/register_with_metadata", self.registration)
        self.is_registered = reply is not None and reply.get("status") == "success"
        if not self.is_registered:
            report("unregistered", function=self.name)
            return
        report("registered", function=self.name, attempts=self.registrations)
        self._take(reply, "registration")

    async def start_http(self):
        async def accept(_, writer):
            report("contacted", function=self.name)
            writer.close()

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        self.http_endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        report("http", function=self.name, endpoint=self.http_endpoint)

    async def beat(self):
        reply = await self.registry.post("/heartbeat", json.dumps(self._heartbeat()).encode())
        is_ok = reply is not None and reply.get("status") == "success"
        if is_ok:
            self._take(reply, "heartbeat")
        report("beat", function=self.name, ok=is_ok)
        return is_ok

    async def live(self):
        """Its health loop; the period is the interval plus what the call took."""
        while self.beats_left is None or self.beats_left > 0:
            is_ok = await self.beat()
            if is_ok and self.beats_left is not None:
                self.beats_left -= 1
            if not is_ok and not self.is_registered:
                # It gets its proxies, but its HTTP server is never started now.
                await self.register()
            await asyncio.sleep(self.interval)

    def _take(self, reply, why):
        if "dependencies_resolved" not in reply:
            return
        resolved = reply["dependencies_resolved"]
        if resolved is None:
            report("complaint", function=self.name, text="dependencies_resolved is null")
            return
        if why == "heartbeat" and resolved == self.last_resolved:
            return
        self.last_resolved = copy.deepcopy(resolved)
        self.proxies = {name: self._proxy(name, resolved.get(name)) for name in self.options["dependencies"]}
        report("proxies", function=self.name, why=why, proxies=self.proxies)

    def _proxy(self, name, provider):
        """What a call of this dependency would do; None: it was removed."""
        if provider is None:
            return None
        try:
            endpoint = provider.get("endpoint", "")
            return endpoint if endpoint.startswith(("http://", "https://")) else "raises: no HTTP endpoint"
        except AttributeError as error:
            report("complaint", function=self.name, text=f"{name}: {error}")
            return None


async def play(url, process, settings):
    timeout = aiohttp.ClientTimeout(total=ATTEMPT_TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        registry = Registry(url, settings.get("pauses", [1, 2]), session)
        interval, beats = settings.get("interval"), settings.get("beats")
        functions = [Function(registry, options, interval, beats) for options in process["functions"]]
        lives = []
        for function in functions:
            await function.register()
            if function.is_registered and function.options["enable_http"]:
                await function.start_http()
                # This beat is the update of its endpoint.
                await function.beat()
            lives.append(asyncio.create_task(function.live()))
        await asyncio.gather(*lives)


async def main():
    url, settings = sys.argv[1], json.loads(sys.argv[2])
    await asyncio.gather(*(play(url, process, settings) for process in settings["processes"]))


asyncio.run(main())
