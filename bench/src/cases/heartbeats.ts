import type { Bench, BenchCase } from "../bench-case.ts";
import { shareOfCeiling, timesReference } from "../expectations.ts";
import type { Dialect, FleetShape } from "../fleet.ts";
import type { Stream } from "../load/messages.ts";
import { STILL_SHAPE } from "../register-fleet.ts";
import { alternate } from "../rounds.ts";
import { REFERENCE } from "../servers/reference.ts";
import { AGENTS, startSmallFleets } from "./small-fleets.ts";

const CONNECTIONS = 32;
const DEPENDENT = "ours, one dependency each";
const DEPENDENT_SHAPE: FleetShape = { ...STILL_SHAPE, hasDependencies: true };

const beats = (dialect: Dialect, shape: FleetShape): Stream => ({
  name: "heartbeats",
  pace: { kind: "closed", connections: CONNECTIONS },
  workload: { kind: "heartbeats", dialect, agents: AGENTS, shape },
});

function streamsFor(name: string): readonly Stream[] {
  if (name === REFERENCE) return [beats("reference", STILL_SHAPE)];
  return [beats("ours", name === DEPENDENT ? DEPENDENT_SHAPE : STILL_SHAPE)];
}

export const heartbeats: BenchCase = {
  name: "heartbeats",
  about: `POST /heartbeat, ${AGENTS} agents, ACCESS_LOG=false`,
  async run(bench: Bench) {
    const environment = { ACCESS_LOG: "false" };
    await using fleets = await startSmallFleets(bench, {
      environment,
      variants: [{ name: DEPENDENT, environment, shape: DEPENDENT_SHAPE }],
      withReference: true,
    });
    const candidates = fleets.servers.map((server) => ({
      name: server.name,
      target: server,
      streams: streamsFor(server.name),
    }));
    const rounds = await alternate(bench.load, candidates, bench.options);
    return {
      candidates: rounds,
      figures: { answerBytes: fleets.beatAnswerBytes },
      expectations: [shareOfCeiling(this.about, rounds, 0.6), timesReference(bench, this.about, rounds, 35, ">")],
    };
  },
};

export const heartbeatsAtDefaults: BenchCase = {
  name: "heartbeats-at-defaults",
  about: `POST /heartbeat, ${AGENTS} agents, access log on`,
  async run(bench: Bench) {
    await using fleets = await startSmallFleets(bench, { variants: [], withReference: false });
    const candidates = fleets.servers.map((server) => ({
      name: server.name,
      target: server,
      streams: streamsFor(server.name),
    }));
    const rounds = await alternate(bench.load, candidates, bench.options);
    return { candidates: rounds, expectations: [shareOfCeiling(this.about, rounds, 0.45)] };
  },
};
