/** An answer and its parsed body (null where there is none). */
export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about
  readonly body: any;
}

/** A GET; throws TypeError when nobody listens. */
export async function getJson(url: string): Promise<JsonAnswer> {
  return await answer(url, {});
}

/** A POST of `body` as JSON; a string is sent as it is. */
export async function postJson(url: string, body: unknown): Promise<JsonAnswer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return await answer(url, { method: "POST", body: text, headers: { "Content-Type": "application/json" } });
}

export async function deleteAt(url: string): Promise<JsonAnswer> {
  return await answer(url, { method: "DELETE" });
}

async function answer(url: string, init: RequestInit): Promise<JsonAnswer> {
  // A connection kept for a registry that has gone would be tried again for the next one on its port.
  const response = await fetch(url, { ...init, keepalive: false });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
}
