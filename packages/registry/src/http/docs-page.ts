/** Rendered by another file; kept apart because it is a page, not a rule. */
export const docsPage = (): string => "<!doctype html><title>MCP Mesh Registry</title>";
