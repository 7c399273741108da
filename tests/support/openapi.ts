import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

/** A schema or another object of the document. */
type Node = { readonly [key: string]: unknown };

interface ResponseObject extends Node {
  readonly $ref?: string;
  readonly headers?: Node;
  readonly content?: Readonly<Record<string, { readonly schema: Node; readonly example?: unknown }>>;
}

interface OperationObject extends Node {
  readonly responses: Readonly<Record<string, ResponseObject>>;
  readonly requestBody?: ResponseObject;
}

export interface OpenapiDocument extends Node {
  readonly paths: Readonly<Record<string, Readonly<Record<string, OperationObject>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, Node>>;
    readonly responses: Readonly<Record<string, ResponseObject>>;
  };
}

/** Holds answers and bodies against a description of the interface; everything returned is a problem, in words. */
export class Description {
  readonly document: OpenapiDocument;
  /** `GET /agents 200`: every answer that was held against the document and found in it. */
  readonly seen = new Set<string>();
  readonly #asSent: Ajv2020;
  readonly #asReceived: Ajv2020;

  constructor(document: OpenapiDocument) {
    this.document = document;
    this.#asReceived = validatorOf(document);
    this.#asSent = validatorOf(withoutUnknownFields(document) as OpenapiDocument);
  }

  /** Each operation with each of its statuses, in the words of `seen`. */
  get answers(): string[] {
    return this.#operations().flatMap(([name, { responses }]) =>
      Object.keys(responses).map((status) => `${name} ${status}`),
    );
  }

  /** An answer must have a described status, type and headers, and no field that is not described. */
  async problemsOf(method: string, path: string, response: Response): Promise<string[]> {
    const name = `${method} ${path} ${response.status}`;
    const described = this.#resolve(this.document.paths[path]?.[method.toLowerCase()]?.responses[response.status]);
    if (described === undefined) return [`${name}: not described`];
    this.seen.add(name);
    const missing = Object.keys(described.headers ?? {}).filter((header) => response.headers.get(header) === null);
    return [
      ...missing.map((header) => `${name}: ${header} is described, not sent`),
      ...(await this.#bodyProblems(described, response)).map((problem) => `${name}: ${problem}`),
    ];
  }

  /** What keeps a body from being what a route is described to take. */
  requestProblems(method: string, path: string, body: unknown): string[] {
    const schema =
      this.document.paths[path]?.[method.toLowerCase()]?.requestBody?.content?.["application/json"]?.schema;
    return schema === undefined ? ["no body described"] : problems(this.#asReceived, schema, body);
  }

  /** Every example of a request or an answer that is not what it is an example of. */
  exampleProblems(): string[] {
    const responses = Object.entries(this.document.components.responses);
    const ofOperations = this.#operations().flatMap(([name, { requestBody, responses: all }]) => [
      [name, requestBody ?? {}] as const,
      ...Object.values(all).map((response) => [name, response] as const),
    ]);
    return [...responses, ...ofOperations].flatMap(([name, { content = {} }]) =>
      Object.values(content)
        .filter(({ example }) => example !== undefined)
        .flatMap(({ schema, example }) =>
          problems(this.#asSent, schema, example).map((problem) => `${name}: ${problem}`),
        ),
    );
  }

  async #bodyProblems({ content = {} }: ResponseObject, response: Response): Promise<string[]> {
    const text = await response.text();
    const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
    if (Object.keys(content).length === 0) return text === "" ? [] : [`a body, though none is described: ${text}`];
    const described = content[type];
    if (described === undefined) return [`${type} is not described`];
    return problems(this.#asSent, described.schema, type === "application/json" ? JSON.parse(text) : text);
  }

  #resolve(response: ResponseObject | undefined): ResponseObject | undefined {
    const { $ref } = response ?? {};
    return $ref === undefined ? response : this.document.components.responses[$ref.slice($ref.lastIndexOf("/") + 1)];
  }

  #operations(): [string, OperationObject][] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, OperationObject] => [
        `${method.toUpperCase()} ${path}`,
        operation,
      ]),
    );
  }
}

const DOCUMENT_ID = "openapi";

function validatorOf(document: OpenapiDocument): Ajv2020 {
  // The patterns say more than the formats do; a document is no schema, so unknown words are no mistake.
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
  return ajv.addSchema(document, DOCUMENT_ID);
}

function problems(ajv: Ajv2020, schema: Node, value: unknown): string[] {
  const text = JSON.stringify(schema).replaceAll('"#/', `"${DOCUMENT_ID}#/`);
  const validate: ValidateFunction = ajv.compile(JSON.parse(text));
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** The same document, but every object has only the fields that are described: what the registry must not send unannounced. */
function withoutUnknownFields(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutUnknownFields);
  if (typeof node !== "object" || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withoutUnknownFields(value)]));
  const isClosable = copy["type"] === "object" && "properties" in copy && !("additionalProperties" in copy);
  return isClosable ? { ...copy, additionalProperties: false } : copy;
}
