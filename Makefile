# The target names of the founding documents; each calls the npm script that does the work. Node and npm are enough:
# npm brings the pinned Bun, Bun brings the rest.

.PHONY: build-all build-registry test clean validate-python-reference test-deployment-modes start check bench torture

build-all: build-registry

# One file that runs alone: bin/mcp-mesh-registry
build-registry:
	npm run build

test:
	npm test

# What Python clients and agents send today, as recorded, and the Python of the founding guides, against this registry.
validate-python-reference:
	npm test -- tests/e2e/agent-life tests/e2e/seeds

# The same tests as from source, against the executable.
test-deployment-modes: build-registry
	./bin/mcp-mesh-registry --help > /dev/null
	MCP_MESH_TEST_REGISTRY="$(CURDIR)/bin/mcp-mesh-registry" npm test -- tests/e2e/executable tests/e2e/http

start:
	npm start

check:
	npm run check

bench:
	npm run bench

torture:
	npm run torture

# Python code is never touched, here or by any target.
clean:
	rm -rf bin/
