"""Usage Patterns, 5. Circuit Breaker Pattern, with Error Recovery Strategies, Circuit Breaker Implementation.

Mend 1: the client passes `expected_exception`, which the guide's own breaker does not take; left out between the two.
"""

import asyncio
import json
import time

import aiohttp

from harness import REGISTRY_URL, ServiceUnavailableError, go, new_logger, report

logger = new_logger()


class CircuitBreakerOpenError(Exception):
    """Named in the guide's snippets and defined nowhere in it."""


# --- seed 002, Error Recovery Strategies, Circuit Breaker Implementation
class CircuitBreaker:
    def __init__(self, failure_threshold=5, recovery_timeout=60):
        self.failure_threshold = failure_threshold
        self.recovery_timeout = recovery_timeout
        self.failure_count = 0
        self.last_failure_time = None
        self.state = "CLOSED"  # CLOSED, OPEN, HALF_OPEN

    async def __aenter__(self):
        if self.state == "OPEN":
            if time.time() - self.last_failure_time > self.recovery_timeout:
                self.state = "HALF_OPEN"
            else:
                raise CircuitBreakerOpenError("Circuit breaker is OPEN")
        return self

    async def __aexit__(self, exc_type, exc_val, exc_tb):
        if exc_type is None:
            # Success
            self.failure_count = 0
            if self.state == "HALF_OPEN":
                self.state = "CLOSED"
        else:
            # Failure
            self.failure_count += 1
            self.last_failure_time = time.time()
            if self.failure_count >= self.failure_threshold:
                self.state = "OPEN"
# --- end of seed 002

_CircuitBreaker = CircuitBreaker


def CircuitBreaker(failure_threshold, recovery_timeout, expected_exception):  # mend 1
    return _CircuitBreaker(failure_threshold, recovery_timeout)


# --- seed 002, Usage Patterns, 5. Circuit Breaker Pattern
class RegistryClient:
    def __init__(self, registry_url: str):
        self.registry_url = registry_url
        self.circuit_breaker = CircuitBreaker(
            failure_threshold=5,
            recovery_timeout=30,
            expected_exception=aiohttp.ClientError
        )
        self.cache = {}
        self.cache_ttl = 60  # 60 seconds

    async def find_agents(self, **params):
        cache_key = json.dumps(params, sort_keys=True)

        # Check cache first
        if cache_key in self.cache:
            cached_result, timestamp = self.cache[cache_key]
            if time.time() - timestamp < self.cache_ttl:
                return cached_result

        # Try registry with circuit breaker
        try:
            async with self.circuit_breaker:
                result = await self._query_registry("/agents", params)
                self.cache[cache_key] = (result, time.time())
                return result
        except CircuitBreakerOpenError:
            # Fallback to cache even if stale
            if cache_key in self.cache:
                cached_result, _ = self.cache[cache_key]
                logger.warning("Registry unavailable, using stale cache")
                return cached_result
            raise ServiceUnavailableError("Registry unavailable and no cached data")

    async def _query_registry(self, endpoint: str, params: dict):
        async with aiohttp.ClientSession() as session:
            async with session.get(
                f"{self.registry_url}{endpoint}",
                params=params
            ) as resp:
                resp.raise_for_status()
                return await resp.json()
# --- end of seed 002


async def find(client, **params):
    return [agent["id"] for agent in (await client.find_agents(**params))["agents"]]


async def main():
    client = RegistryClient(REGISTRY_URL)
    breaker = client.circuit_breaker
    report("fresh", ids=await find(client, status="healthy"), state=breaker.state)
    await go()  # the registry goes down
    report("cached", ids=await find(client, status="healthy"), state=breaker.state)
    client.cache_ttl = 0
    failures = 0
    while breaker.state == "CLOSED":
        try:
            await client.find_agents(status="healthy")
        except aiohttp.ClientError:
            failures += 1
    report("broken", failures=failures, state=breaker.state)
    report("stale", ids=await find(client, status="healthy"))
    try:
        await client.find_agents(status="degraded")
    except ServiceUnavailableError as error:
        report("unavailable", message=str(error))
    await go()  # the registry comes back
    breaker.recovery_timeout = 0
    report("recovered", ids=await find(client, status="healthy"), state=breaker.state)


asyncio.run(main())
