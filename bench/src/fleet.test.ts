import { expect, test } from "bun:test";
import { heartbeatBody, rareCapabilityQuery, rareLabelQuery, referenceBody, registrationBody } from "./fleet.ts";
import { STILL_SHAPE } from "./register-fleet.ts";

const registered = (index: number) => JSON.parse(registrationBody(index, STILL_SHAPE));

test.each([1_000, 10_000])("both searches are answered by 20 of %d agents", (size) => {
  const fleet = Array.from({ length: size }, (_, index) => registered(index).metadata);
  for (const group of [0, 7, size / 40 - 1]) {
    const url = new URL(rareCapabilityQuery(group), "http://registry");
    expect(url.searchParams.get("label_selector")).toBe("env=prod");
    const capability = url.searchParams.get("capability");
    const answer = fleet.filter(
      ({ capabilities, labels }) => capabilities[0].name === capability && labels.env === "prod",
    );
    expect(answer).toHaveLength(20);
  }
  const url = new URL(rareLabelQuery(3), "http://registry");
  const zone = url.searchParams.get("label_selector")?.replace("zone=", "");
  expect(fleet.filter(({ labels }) => labels.zone === zone)).toHaveLength(20);
  expect(new Set(fleet.map(({ capabilities }) => capabilities[0].category))).toEqual(new Set(["general"]));
});

test("a beat repeats the registered endpoint, so that it changes nothing but time", () => {
  const beat = JSON.parse(heartbeatBody(70_000, STILL_SHAPE));
  expect(beat.agent_id).toBe("agent-070000");
  expect(beat.metadata.endpoint).toBe("http://10.1.17.112:8889");
  expect(registered(70_000).metadata.endpoint).toBe("http://10.1.17.112:8889");
});

test("agents are the size of the Python agents they stand for", () => {
  expect(registrationBody(99_999, STILL_SHAPE).length).toBeWithin(900, 1_300);
  expect(heartbeatBody(99_999, STILL_SHAPE).length).toBeWithin(600, 900);
});

test("the published registry is given the same agent in its own protocol", () => {
  const shape = { leaseSeconds: null, hasDependencies: true };
  expect(JSON.parse(referenceBody(45, shape))).toMatchObject({
    agent_id: "agent-000045",
    http_host: "10.0.0.45",
    tools: [{ capability: "capability-1", dependencies: [{ capability: "capability-0" }] }],
  });
  expect(JSON.parse(registrationBody(45, shape)).metadata).toMatchObject({ dependencies: ["capability-0"] });
  expect(JSON.parse(registrationBody(45, shape)).metadata).not.toHaveProperty("timeout_threshold");
});
