import { describe, expect, test } from "bun:test";
import { type FakePage, runPage } from "../../support/fake-page.ts";
import { type HttpRegistry, startHttpRegistry } from "../../support/http-registry.ts";
import type { OpenapiDocument } from "../../support/openapi.ts";
import { offering, registrationBody } from "../../support/registration-body.ts";
import { waitFor } from "../../support/wait-for.ts";

const between = (html: string, open: string, close: string) => html.split(open)[1]?.split(close)[0] ?? "";
const sha256 = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest("base64");

async function scriptOf(registry: HttpRegistry): Promise<string> {
  return between(await (await registry.fetch("/docs")).text(), '<script type="module">', "</script>");
}

/** The page as a browser shows it. @param asked every address that its script asks for */
async function openDocs(registry: HttpRegistry, asked: string[] = []): Promise<FakePage> {
  return await runPage(await scriptOf(registry), `${registry.origin}/docs`, (url, init) => {
    asked.push(url);
    return fetch(url, init);
  });
}

describe("/docs", () => {
  test("allows its own script and style, and nothing else", async () => {
    await using registry = await startHttpRegistry();
    const response = await registry.fetch("/docs");
    const html = await response.text();
    const style = between(html, "<style>", "</style>");
    const script = between(html, '<script type="module">', "</script>");
    expect(response.headers.get("content-security-policy")).toBe(
      `default-src 'none'; script-src 'sha256-${sha256(script)}'; style-src 'sha256-${sha256(style)}'; ` +
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
        "require-trusted-types-for 'script'; trusted-types 'none'",
    );
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html).not.toMatch(/\sstyle=|\son\w+=|innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
  });

  test("shows every route, parameter and schema of the document", async () => {
    await using registry = await startHttpRegistry();
    const { paths, components } = (await registry.get("/openapi.json")).body as OpenapiDocument;
    const page = await openDocs(registry);
    expect(page.title).toBe("MCP Mesh Registry Service");
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const text = page.find(String(operation["operationId"])).textContent;
        expect(text).toContain(`${method.toUpperCase()} ${path}`);
        for (const { name } of (operation["parameters"] ?? []) as { name: string }[]) expect(text).toContain(name);
        for (const status of Object.keys(operation.responses)) expect(text).toContain(status);
      }
    }
    for (const [name, schema] of Object.entries(components.schemas)) {
      const text = page.find(`schema-${name}`).textContent;
      for (const field of Object.keys(schema["properties"] ?? {})) expect(text).toContain(field);
    }
    // Prose has no code marks left, and nothing was shown that is no text.
    expect(page.find("main").textContent).not.toMatch(/`|undefined|\[object/);
  });

  test("sends what a form says, and shows the answer as text", async () => {
    await using registry = await startHttpRegistry();
    const markup = "<img src=x onerror=alert(1)>";
    const agent = registrationBody("a b", offering("greeting", { description: markup }));
    await registry.post("/agents/register_with_metadata", agent);
    const asked: string[] = [];
    const page = await openDocs(registry, asked);

    const send = async (id: string, values: Readonly<Record<string, string>>) => {
      const [form] = page.find(id).all(({ localName }) => localName === "form");
      const [result] = page.find(id).all(({ className }) => className === "result");
      result?.replaceChildren();
      for (const input of form?.elements ?? []) input.value = values[input.name] ?? "";
      form?.dispatch("submit");
      const isAnswered = () => /^\d{3}/.test(result?.textContent ?? "") && result?.textContent;
      return await waitFor(`${id} shows an answer`, isAnswered);
    };
    const list = await send("listAgents", { capability: "greet", fuzzy_match: "true", label_selector: "", limit: "5" });
    expect(asked.at(-1)).toBe(`${registry.origin}/agents?capability=greet&fuzzy_match=true&limit=5`);
    expect(list).toContain('"id": "a b"');
    expect(list).toContain(markup);

    expect(await send("getAgent", { id: "a b" })).toStartWith("200 OK");
    expect(asked.at(-1)).toBe(`${registry.origin}/agents/a%20b`);
    expect(await send("getAgent", { id: "a/../b" })).toContain("Agent a/../b not found");
    expect(await send("listAgents", { "If-None-Match": "*" })).toStartWith("304");
  });

  test("says so when it cannot read the document", async () => {
    await using registry = await startHttpRegistry();
    const page = await runPage(
      await scriptOf(registry),
      `${registry.origin}/docs`,
      async () => new Response("", { status: 503 }),
    );
    expect(page.find("main").textContent).toBe("The description of the interface could not be read: status 503");
  });
});
