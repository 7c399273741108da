"""Performance Optimization, Registry Configuration.

Mends: none. Talks to nobody: the test starts a registry with these values.
"""

from harness import report

# --- seed 002, Performance Optimization, Registry Configuration
# Registry server configuration
registry_config = {
    "cache_ttl": 30,              # Response cache TTL
    "max_cache_size": 10000,      # Maximum cached entries
    "database_pool_size": 20,     # Database connection pool
    "query_timeout": 5.0,         # Query timeout seconds
    "health_check_interval": 60,  # Health check frequency
}
# --- end of seed 002

report("environment", **{key.upper(): str(value) for key, value in registry_config.items()})
