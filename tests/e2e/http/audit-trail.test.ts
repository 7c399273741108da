import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { startHttpRegistry, temporaryDatabase } from "../../support/http-registry.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";

const REGISTER = "/agents/register_with_metadata";

async function liveThrough(environment: Readonly<Record<string, string>>): Promise<string[]> {
  await using database = await temporaryDatabase();
  const clock = new ManualClock();
  const registry = await startHttpRegistry({ clock, environment: { DATABASE_URL: database.path, ...environment } });
  await registry.post(REGISTER, registrationBody("a"));
  await registry.post("/heartbeat", heartbeatBody("a"));
  await registry.post(REGISTER, registrationBody("a", { description: "again" }));
  await registry.post(
    "/heartbeat",
    heartbeatBody("b", { agent_name: "b", capabilities: ["skill"], health_interval: 60 }),
  );
  await clock.advance(60_100);
  await registry.post("/heartbeat", heartbeatBody("a", {}, "offline"));
  await registry.fetch("/agents/a", { method: "DELETE" });
  await registry.stop();
  using db = new Database(database.path, { readonly: true });
  const rows = db.query<{ event_type: string; agent_id: string }, []>(
    "SELECT event_type, agent_id FROM registry_events ORDER BY id",
  );
  return rows.all().map(({ event_type, agent_id }) => `${event_type} ${agent_id}`);
}

test("each record change leaves one event, and a beat that changes nothing but time leaves none", async () => {
  expect(await liveThrough({})).toEqual(["ADDED a", "MODIFIED a", "ADDED b", "MODIFIED a", "MODIFIED a", "DELETED a"]);
});

test("ENABLE_EVENTS=false leaves none at all", async () => {
  expect(await liveThrough({ ENABLE_EVENTS: "false" })).toEqual([]);
});
