// Shows /openapi.json in the browser. Everything the document or an answer says becomes text nodes, never markup; the page's
// Trusted Types policy makes the browser refuse anything else.

const SHOWN_CHARACTERS = 200_000;
const JSON_TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const find = (selector) => document.querySelector(selector);

/** An element, `h("p.fine", { id }, ...children)`: functions among the attributes listen, null and false are left out. */
function h(selector, ...children) {
  const [name, className] = selector.split(".");
  const node = document.createElement(name);
  if (className !== undefined) node.className = className;
  if (Object.getPrototypeOf(children[0] ?? []) === Object.prototype) {
    for (const [key, value] of Object.entries(children.shift())) {
      if (typeof value === "function") node.addEventListener(key, value);
      else if (value !== null && value !== false) node.setAttribute(key, value === true ? "" : value);
    }
  }
  node.append(...children.flat(Number.POSITIVE_INFINITY).filter((child) => child !== null && child !== undefined));
  return node;
}

const code = (text) => h("code", String(text));
/** Descriptions are paragraphs with `code` in them. */
const inline = (text = "") => text.split("`").map((part, index) => (index % 2 === 1 ? code(part) : part));
const prose = (text = "") => text.split("\n\n").map((paragraph) => h("p", inline(paragraph)));
const joined = (items, separator = ", ") => items.flatMap((item, index) => (index === 0 ? [item] : [separator, item]));

/** JSON with its tokens coloured. */
function coloured(json) {
  const parts = [];
  let end = 0;
  for (const match of json.matchAll(JSON_TOKEN)) {
    const [token, text, colon] = match;
    const kind = text === undefined ? "literal" : colon === undefined ? "text" : "key";
    parts.push(json.slice(end, match.index), h(`span.${kind}`, text ?? token), colon ?? "");
    end = match.index + token.length;
  }
  return [...parts, json.slice(end)];
}

function codeBlock(label, content) {
  const text = typeof content === "string" ? content : JSON.stringify(content, null, 2);
  const isLong = text.length > SHOWN_CHARACTERS;
  const shown = isLong ? `${text.slice(0, SHOWN_CHARACTERS)}\n… ${text.length} characters in all` : text;
  const copy = ({ currentTarget }) =>
    navigator.clipboard.writeText(text).then(() => currentTarget.replaceChildren("Copied"));
  // Browsers have no clipboard for pages that came over plain http from another machine.
  const button = navigator.clipboard === undefined ? null : h("button", { type: "button", click: copy }, "Copy");
  return h(
    "figure",
    h("figcaption", label, button),
    h("pre", { tabindex: "0", "aria-label": label }, /^[[{]/.test(shown) ? coloured(shown) : shown),
  );
}

const nameOf = (reference) => reference.slice(reference.lastIndexOf("/") + 1);

/** What a value is, in words: `array of Agent`, `string or null`. */
function typeOf(schema) {
  if (schema.$ref) return h("a", { href: `#schema-${nameOf(schema.$ref)}` }, nameOf(schema.$ref));
  if (schema.anyOf) return joined(schema.anyOf.map(typeOf), " or ");
  if ("const" in schema) return code(JSON.stringify(schema.const));
  if (Array.isArray(schema.type)) return schema.type.join(" or ");
  if (schema.type === "array") return ["array of ", typeOf(schema.items)];
  if (schema.additionalProperties?.constructor === Object) return ["map of ", typeOf(schema.additionalProperties)];
  return schema.type ?? "any value";
}

/** What it must fulfil beside its type, wherever in the schema that is said. */
function boundsOf(schema) {
  const { minimum, maximum, minLength, maxLength, maxItems, pattern, format } = schema;
  const bounds = [
    schema.enum && ["one of ", joined(schema.enum.map(code))],
    minimum !== undefined && `at least ${minimum}`,
    maximum !== undefined && `at most ${maximum}`,
    minLength > 0 && (minLength === 1 ? "not empty" : `at least ${minLength} characters`),
    maxLength !== undefined && `at most ${maxLength} characters`,
    maxItems !== undefined && `at most ${maxItems} items`,
    format && ["format ", code(format)],
    pattern !== undefined && ["matches ", code(pattern)],
  ];
  return [...bounds.filter(Boolean), ...(schema.anyOf ?? []).flatMap(boundsOf)];
}

const fine = (...content) => h("p.fine", ...content);
const rows = (children) => h("div.rows", { role: "list" }, children);

/** An example; where there is an input, it fills that. */
function exampleOf(value, input) {
  const text = Array.isArray(value) ? value.join(",") : String(value);
  if (!input) return code(text);
  const fill = () => {
    input.querySelector("input").value = text;
  };
  return h("button.example", { type: "button", click: fill }, code(text));
}

/** A field, parameter or header. */
function row(name, schema, { required, note, description, aside, input }) {
  const bounds = boundsOf(schema);
  const examples = (schema.examples ?? []).map((value) => exampleOf(value, input));
  return h(
    "div.row",
    { role: "listitem" },
    h("div.name", code(name), required ? h("span.required", "required") : null, note, h("div.type", typeOf(schema))),
    h(
      "div.about",
      prose(description),
      aside,
      bounds.length > 0 ? fine(joined(bounds)) : null,
      examples.length > 0 ? fine("For example ", joined(examples)) : null,
    ),
    input,
  );
}

function fieldsOf(schema) {
  if (!schema.properties) return h("p", typeOf(schema), fine(joined(boundsOf(schema))));
  return rows(
    Object.entries(schema.properties).map(([name, property]) =>
      row(name, property, {
        note: schema.required?.includes(name) ? null : h("span.optional", "optional"),
        description: property.description,
      }),
    ),
  );
}

function contentOf(api, content = {}) {
  return Object.entries(content).map(([type, { schema, example }]) => [
    h("p", code(type), " ", schema.$ref || schema.anyOf ? typeOf(schema) : null),
    schema.$ref ? h("details", h("summary", "Fields"), fieldsOf(api.components.schemas[nameOf(schema.$ref)])) : null,
    example === undefined ? null : codeBlock("Example", example),
  ]);
}

const statusBadge = (status) => h(`span.s${String(status)[0]}`, { "data-status": true }, String(status));

function responseView(api, [status, response]) {
  const {
    description,
    headers = {},
    content,
  } = response.$ref ? api.components.responses[nameOf(response.$ref)] : response;
  const headerRows = Object.entries(headers).map(([name, header]) => row(name, header.schema, header));
  return h(
    "details",
    h("summary", statusBadge(status), " ", inline(description)),
    headerRows.length > 0 ? [h("p", "Headers"), rows(headerRows)] : null,
    contentOf(api, content),
  );
}

let inputs = 0;

function inputOf({ name, in: place, required = false, schema, example = "" }) {
  const id = `input-${inputs++}`;
  const common = { id, name, "data-in": place, required };
  const plain = { value: required ? example : null, autocomplete: "off", autocapitalize: "none", spellcheck: "false" };
  const number = schema.type === "integer" ? { type: "number", min: String(schema.minimum) } : {};
  const input =
    schema.type === "boolean"
      ? h(
          "select",
          common,
          ["", "true", "false"].map((value) => h("option", { value }, value)),
        )
      : h("input", { ...common, ...plain, ...number });
  return h("div.input", h("label.unseen", { for: id }, `${name}, in the ${place}`), input);
}

function parameterRow(parameter, aliases, isTriable) {
  const aside = [
    parameter.in === "query" ? null : fine(`In the ${parameter.in}.`),
    aliases.length > 0 ? fine("Also called ", joined(aliases.map(({ name }) => code(name)))) : null,
  ];
  return row(parameter.name, parameter.schema, { ...parameter, aside, input: isTriable ? inputOf(parameter) : null });
}

function parametersOf(parameters, isTriable) {
  const aliasesOf = (name) => parameters.filter((other) => other["x-alias-of"] === name);
  const own = aliasesOf(undefined);
  return own.length === 0 ? null : rows(own.map((one) => parameterRow(one, aliasesOf(one.name), isTriable)));
}

/** The request that a form describes. Relative to this page, so that it also works below a prefix that a proxy adds. */
function requestOf(form, path) {
  const filled = [...form.elements].filter(({ name, value }) => name !== "" && value.trim() !== "");
  const given = (place) =>
    filled.filter((input) => input.dataset.in === place).map(({ name, value }) => [name, value.trim()]);
  const target = given("path").reduce(
    (text, [name, id]) => text.replace(`{${name}}`, () => encodeURIComponent(id)),
    path,
  );
  const url = new URL(`.${target}`, location.href);
  url.search = new URLSearchParams(given("query")).toString();
  return { url: url.href, headers: Object.fromEntries(given("header")) };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function curlOf({ url, headers }) {
  return [
    "curl",
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    quoted(url),
  ].join(" ");
}

async function send(form, path, result) {
  const request = requestOf(form, path);
  result.replaceChildren(fine("Asking…"));
  const startMs = performance.now();
  try {
    // biome-ignore lint/style/noRestrictedGlobals: runs in the browser and asks the registry that served the page
    const response = await fetch(request.url, { headers: request.headers, cache: "no-store" });
    const text = await response.text();
    const took = (performance.now() - startMs).toFixed(1);
    const isJson = text !== "" && response.headers.get("content-type")?.includes("json");
    result.replaceChildren(
      h("p", statusBadge(response.status), ` ${response.statusText}, ${text.length} characters in ${took} ms`),
      codeBlock("Request", curlOf(request)),
      codeBlock("Headers", [...response.headers].map((header) => header.join(": ")).join("\n")),
      text === "" ? "" : codeBlock("Body", isJson ? JSON.parse(text) : text),
    );
  } catch (error) {
    result.replaceChildren(h("p.problem", `No answer: ${error.message}`));
  }
}

const methodBadge = (method) => h(`span.${method}`, { "data-method": true }, method.toUpperCase());

function operationView(api, { method, path, operation }) {
  const { operationId: id, summary, description, parameters = [], requestBody, responses } = operation;
  const isTriable = method === "get";
  const list = parametersOf(parameters, isTriable);
  const result = h("div.result", { "aria-live": "polite" });
  const submit = (event) => {
    event.preventDefault();
    void send(event.currentTarget, path, result);
  };
  const buttons = h("p.buttons", h("button.send", "Send"), h("button", { type: "reset" }, "Clear"));
  return h(
    "article",
    { id, "aria-labelledby": `${id}-title` },
    h(
      "h3",
      { id: `${id}-title` },
      h("a", { href: `#${id}` }, methodBadge(method), " ", code(path)),
      " ",
      h("span", summary),
    ),
    prose(description),
    list && h("h4", "Parameters"),
    isTriable ? h("form", { submit, reset: () => result.replaceChildren() }, list, buttons, result) : list,
    requestBody ? [h("h4", "Body"), contentOf(api, requestBody.content)] : null,
    h("h4", "Answers"),
    Object.entries(responses).map((entry) => responseView(api, entry)),
  );
}

function navigationItem({ method, path, operation }) {
  return h("li", h("a", { href: `#${operation.operationId}` }, methodBadge(method), " ", code(path)));
}

function groupView(api, { name, description }, entries) {
  const members = entries
    .filter(({ operation }) => operation.tags.includes(name))
    .map((entry) => ({ ...entry, item: navigationItem(entry), view: operationView(api, entry) }));
  return {
    members,
    heading: h(
      "li",
      h("strong", name),
      h(
        "ul",
        members.map(({ item }) => item),
      ),
    ),
    section: h(
      "section",
      h("h2", name),
      prose(description),
      members.map(({ view }) => view),
    ),
  };
}

function schemaView([name, schema]) {
  return h(
    "details",
    { id: `schema-${name}` },
    h("summary", code(name), " ", inline(schema.description)),
    fieldsOf(schema),
  );
}

function render(api) {
  const { title, version, description } = api.info;
  const entries = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const groups = api.tags.map((tag) => groupView(api, tag, entries));
  const schemas = h(
    "section",
    { id: "schemas" },
    h("h2", "Schemas"),
    Object.entries(api.components.schemas).map(schemaView),
  );
  document.title = title;
  find("h1").replaceChildren(title, " ", h("small", version));
  find("main").replaceChildren(...prose(description), ...groups.map(({ section }) => section), schemas);
  find("#routes").replaceChildren(
    ...groups.map(({ heading }) => heading),
    h("li", h("a", { href: "#schemas" }, "Schemas")),
  );
  return { groups, schemas };
}

/** Leaves what holds every word somewhere. */
function filterBy({ groups, schemas }, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  for (const { members, section, heading } of groups) {
    for (const { method, path, operation, item, view } of members) {
      const searched = `${method} ${path} ${JSON.stringify(operation)}`.toLowerCase();
      item.hidden = view.hidden = !words.every((word) => searched.includes(word));
    }
    section.hidden = heading.hidden = members.every(({ view }) => view.hidden);
  }
  schemas.hidden = words.length > 0;
}

/** On a narrow screen the menu lies above the page, and is open only while somebody chooses. */
function foldMenu() {
  find("#menu").open = matchMedia("(min-width: 60rem)").matches;
}

/** A schema is folded, and hidden by a filter, until somebody follows a link to it. */
function showTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target === null) return;
  if (target.localName === "details") target.open = true;
  for (let node = target; node !== null; node = node.parentElement) node.hidden = false;
  target.scrollIntoView();
}

try {
  // biome-ignore lint/style/noRestrictedGlobals: runs in the browser and asks the registry that served the page
  const response = await fetch("openapi.json");
  if (!response.ok) throw new Error(`status ${response.status}`);
  const page = render(await response.json());
  const filter = find("#filter");
  filter.addEventListener("input", () => filterBy(page, filter.value));
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, select")) return;
    event.preventDefault();
    find("#menu").open = true;
    filter.focus();
  });
  find("#routes").addEventListener("click", (event) => event.target.closest("a") && foldMenu());
  matchMedia("(min-width: 60rem)").addEventListener("change", foldMenu);
  addEventListener("hashchange", showTarget);
  foldMenu();
  showTarget();
} catch (error) {
  find("main").replaceChildren(h("p.problem", `The description of the interface could not be read: ${error.message}`));
}
