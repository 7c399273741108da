import script from "./docs-page.client.js" with { type: "text" };
import style from "./docs-page.css" with { type: "text" };

/** The page that shows `/openapi.json` to people, and the headers it must have (registry-api 4.14). */
export interface DocsPage {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Whole in itself, because a registry often runs where no outside asset can be fetched, and because nobody else's script may
 * run beside what agents have written. The browser runs this script and no other, lets it talk only to where it came from, and
 * refuses to make markup of text.
 */
export function docsPage(): DocsPage {
  return {
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>MCP Mesh Registry Service</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<header>
<a class="skip" href="#content">Skip to the routes</a>
<h1>MCP Mesh Registry Service</h1>
<a href="openapi.json">openapi.json</a>
</header>
<details id="menu" open>
<summary>Routes</summary>
<nav aria-label="Routes">
<p><label for="filter">Filter <small>(press /)</small></label> <input id="filter" type="search" autocomplete="off"></p>
<ul id="routes"></ul>
</nav>
</details>
<main id="content"><noscript>This page needs JavaScript; <a href="openapi.json">openapi.json</a> says the same.</noscript></main>
<script type="module">${script}</script>
</body>
</html>
`,
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": [
        "default-src 'none'",
        `script-src ${hashOf(script)}`,
        `style-src ${hashOf(style)}`,
        "connect-src 'self'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ].join("; "),
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
    },
  };
}

const hashOf = (text: string): string => `'sha256-${new Bun.CryptoHasher("sha256").update(text).digest("base64")}'`;
