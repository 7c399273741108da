import { expect } from "bun:test";
import { HttpConnection } from "../../support/http-connection.ts";
import { getJson, postJson } from "../../support/json-client.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import type { RegistryProcess } from "../../support/registry-process.ts";
import { waitFor } from "../../support/wait-for.ts";
import { openDescriptors } from "./process-figures.ts";

export const REGISTER = "/agents/register_with_metadata";

/** Registers `agent-0`, `agent-1` and so on, each with a configuration of that many bytes. */
export async function registerAgents(registry: RegistryProcess, count: number, configBytes: number): Promise<void> {
  const config = { note: "x".repeat(configBytes) };
  const metadata = {
    endpoint: "http://127.0.0.1:9/a",
    timeout_threshold: 3_600,
    eviction_threshold: 7_200,
    metadata: config,
  };
  for (let index = 0; index < count; index++) {
    expect((await postJson(registry.url + REGISTER, registrationBody(`agent-${index}`, metadata))).status).toBe(201);
  }
}

/** A read, a beat and a registration by somebody else are answered. */
export async function expectService(registry: RegistryProcess): Promise<void> {
  expect((await getJson(`${registry.url}/health`)).status).toBe(200);
  expect((await postJson(`${registry.url}/heartbeat`, heartbeatBody("agent-1"))).status).toBe(200);
  expect((await postJson(registry.url + REGISTER, registrationBody("somebody-else"))).status).toBe(201);
}

/** No request is open, and there are as many descriptors as before, give or take what the database opens. */
export async function expectNothingLeft(registry: RegistryProcess, descriptorsBefore: number): Promise<void> {
  await waitFor("no request is open but this one", async () => {
    const { body } = await getJson(`${registry.url}/metrics`);
    return body.active_connections === 1;
  });
  await waitFor("the descriptors are given back", () => openDescriptors(registry.pid) <= descriptorsBefore + 2);
}

export const openMany = (registry: RegistryProcess, count: number): Promise<HttpConnection[]> =>
  Promise.all(Array.from({ length: count }, () => HttpConnection.open(registry.port)));

export function disposeAll(connections: readonly HttpConnection[]): void {
  for (const connection of connections) connection[Symbol.dispose]();
}
