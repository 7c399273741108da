import { expect, test } from "bun:test";
import { getJson, postJson } from "../../support/json-client.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import { type RegistryProcess, startRegistry } from "../../support/registry-process.ts";
import { waitFor } from "../../support/wait-for.ts";

const REGISTER = "/agents/register_with_metadata";
/** More than the three seconds from which on a pause counts as one, and than the patience of the agents. */
const STOPPED_MS = 5_000;

const statusesOf = async (registry: RegistryProcess): Promise<Record<string, string>> => {
  const { body } = await getJson(`${registry.url}/agents`);
  return Object.fromEntries(body.agents.map(({ id, status }: { id: string; status: string }) => [id, status]));
};

test("an agent is not blamed for the time in which the registry was stopped", async () => {
  await using registry = await startRegistry({ env: { HOST: "127.0.0.1", ACCESS_LOG: "false" } });
  const metadata = { endpoint: "http://127.0.0.1:9/a", timeout_threshold: 3, eviction_threshold: 4 };
  const ids = ["patient", "eager", "silent"];
  for (const id of ids)
    expect((await postJson(registry.url + REGISTER, registrationBody(id, metadata))).status).toBe(201);
  const beat = (id: string) => postJson(`${registry.url}/heartbeat`, heartbeatBody(id));
  await Promise.all(ids.map(beat));

  registry.kill("SIGSTOP");
  // Beats that arrive meanwhile wait in the sockets, and count.
  const waiting = beat("eager");
  await Bun.sleep(STOPPED_MS);
  registry.kill("SIGCONT");
  expect((await waiting).status).toBe(200);
  expect(await statusesOf(registry)).toEqual({ patient: "healthy", eager: "healthy", silent: "healthy" });
  expect((await beat("patient")).status).toBe(200);
  await waitFor("the registry has said so", () =>
    /did not run for [456]\.\ds; no agent is blamed/.test(registry.stderr),
  );
  // Nothing of what has happened was a change.
  expect(registry.stderr).not.toContain("Agent ");

  // From here on silence counts as ever.
  await waitFor("silence has its consequence", async () => {
    await Promise.all([beat("patient"), beat("eager")]);
    return (await statusesOf(registry)).silent === "expired";
  });
  expect(await statusesOf(registry)).toEqual({ patient: "healthy", eager: "healthy", silent: "expired" });
}, 60_000);
