import type { Bench } from "../bench-case.ts";
import { agentId, type FleetShape, heartbeatBody } from "../fleet.ts";
import { registerFleet, STILL_SHAPE } from "../register-fleet.ts";
import { startCeiling } from "../servers/ceiling.ts";
import { referenceCommand } from "../servers/reference.ts";
import { AGAINST, OURS, registryCommand } from "../servers/registry.ts";
import { ServerProcess } from "../servers/server-process.ts";

export const AGENTS = 100;
const CONNECTIONS = 8;

export interface Variant {
  readonly name: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly shape?: FleetShape;
}

export interface SmallFleetsPlan {
  /** Settings of the registry that is judged; defaults when left out. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Further instances of ours, reported beside it. */
  readonly variants: readonly Variant[];
  readonly withReference: boolean;
}

export interface SmallFleets extends AsyncDisposable {
  /** The ceiling first, then ours, the other build if one was given, the variants, and the published registry. */
  readonly servers: readonly ServerProcess[];
  readonly listBytes: number;
  readonly beatAnswerBytes: number;
}

/** Starts all candidates of a case side by side, each with the same 100 agents, and the ceiling with what ours answered. */
export async function startSmallFleets(bench: Bench, plan: SmallFleetsPlan): Promise<SmallFleets> {
  await using started = new AsyncDisposableStack();
  const variants: Variant[] = [{ name: OURS, environment: plan.environment ?? {} }, ...plan.variants];
  const servers: ServerProcess[] = [];
  for (const { name, environment = {}, shape = STILL_SHAPE } of variants) {
    servers.push(started.use(await startOurs(bench, bench.registry, name, environment, shape)));
  }
  if (bench.against !== null) {
    const environment = plan.environment ?? {};
    servers.push(started.use(await startOurs(bench, bench.against, AGAINST, environment, STILL_SHAPE)));
  }
  if (plan.withReference && bench.reference.isAvailable) {
    servers.push(started.use(await startReference(bench, bench.reference.executable)));
  }
  const [ours] = servers;
  if (ours === undefined) throw new Error("no registry was started");
  const answers = await answersOf(ours);
  const ceiling = started.use(await startCeiling(bench.newFolder("ceiling"), answers));
  const owned = started.move();
  return {
    servers: [ceiling, ...servers],
    listBytes: Buffer.byteLength(answers.list),
    beatAnswerBytes: Buffer.byteLength(answers.answer),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function startOurs(
  bench: Bench,
  command: readonly string[],
  name: string,
  environment: Readonly<Record<string, string>>,
  shape: FleetShape,
): Promise<ServerProcess> {
  const folder = bench.newFolder("ours");
  const server = await ServerProcess.start(registryCommand(command, { name, folder, environment }));
  try {
    await registerFleet(bench.load, server, { dialect: "ours", agents: AGENTS, shape, connections: CONNECTIONS });
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

async function startReference(bench: Bench, executable: string): Promise<ServerProcess> {
  const server = await ServerProcess.start(referenceCommand(executable, bench.newFolder("reference")));
  try {
    const fleet = { dialect: "reference", agents: AGENTS, shape: STILL_SHAPE, connections: CONNECTIONS } as const;
    await registerFleet(bench.load, server, fleet);
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

/** What ours answers to a list and to a beat, after making sure that both are what the case is about. */
async function answersOf(ours: ServerProcess): Promise<{ list: string; answer: string }> {
  const list = await ours.fetchText("/agents");
  const count: unknown = JSON.parse(list).count;
  if (count !== AGENTS) throw new Error(`GET /agents counts ${String(count)} agents instead of ${AGENTS}`);
  const answer = await ours.fetchText("/heartbeat", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: heartbeatBody(0, STILL_SHAPE),
  });
  if (JSON.parse(answer).status !== "success") throw new Error(`a beat of ${agentId(0)} was not taken: ${answer}`);
  return { list, answer };
}
