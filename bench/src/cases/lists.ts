import type { Bench, BenchCase } from "../bench-case.ts";
import { shareOfCeiling, timesReference } from "../expectations.ts";
import type { Stream } from "../load/messages.ts";
import { STILL_SHAPE } from "../register-fleet.ts";
import { alternate } from "../rounds.ts";
import { CEILING } from "../servers/ceiling.ts";
import { AGENTS, startSmallFleets } from "./small-fleets.ts";

const CONNECTIONS = 32;
const BEATS_PER_SECOND = 500;
const BEAT_CONNECTIONS = 8;

const LIST: Stream = {
  name: "lists",
  pace: { kind: "closed", connections: CONNECTIONS },
  workload: { kind: "get", paths: ["/agents"] },
};

const BEATS: Stream = {
  name: "beats",
  pace: { kind: "open", connections: BEAT_CONNECTIONS, ratePerSecond: BEATS_PER_SECOND },
  workload: { kind: "heartbeats", dialect: "ours", agents: AGENTS, shape: STILL_SHAPE },
};

export const lists: BenchCase = {
  name: "lists",
  about: `GET /agents, ${AGENTS} agents, nothing changing`,
  async run(bench: Bench) {
    await using fleets = await startSmallFleets(bench, {
      variants: [{ name: "ours, no access log", environment: { ACCESS_LOG: "false" } }],
      withReference: true,
    });
    const candidates = fleets.servers.map((server) => ({ name: server.name, target: server, streams: [LIST] }));
    const rounds = await alternate(bench.load, candidates, bench.options);
    return {
      candidates: rounds,
      figures: { bodyBytes: fleets.listBytes },
      expectations: [shareOfCeiling(this.about, rounds, 0.8), timesReference(bench, this.about, rounds, 150, ">")],
    };
  },
};

export const listsUnderBeats: BenchCase = {
  name: "lists-under-beats",
  about: `GET /agents, ${AGENTS} agents, while ${BEATS_PER_SECOND} heartbeats a second arrive`,
  async run(bench: Bench) {
    await using fleets = await startSmallFleets(bench, { variants: [], withReference: false });
    // The bare server gets the same beats: both ends of the ratio do the same work.
    const candidates = fleets.servers.map((server) => ({ name: server.name, target: server, streams: [LIST, BEATS] }));
    const rounds = await alternate(bench.load, candidates, bench.options);
    return {
      candidates: rounds,
      expectations: [shareOfCeiling(this.about, rounds, 0.5)],
      notes: [`${CEILING} takes the same beats`],
    };
  },
};
