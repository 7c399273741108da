/** The parts of an agent that the tests change, as a list shows them. */
export interface ShownAgent {
  readonly endpoint: string;
  readonly status: string;
  /** A label; every registration brings a new one. */
  readonly note: string;
  /** Names of its capabilities, sorted. */
  readonly offers: readonly string[];
}

/** Seconds; long enough that no agent of a test falls silent. */
const PATIENT = 3_600;

/** Body of a registration that makes the agent look like `shown`; its status is `healthy` afterwards. */
export function registrationBody(id: string, { endpoint, note, offers }: ShownAgent): string {
  return JSON.stringify({
    agent_id: id,
    timestamp: "2025-06-11T12:00:00Z",
    metadata: {
      name: id,
      agent_type: "mesh-agent",
      endpoint,
      labels: { note },
      capabilities: offers.map((name) => ({ name, version: "1.0.0", description: `${name} for everybody` })),
      timeout_threshold: PATIENT,
      eviction_threshold: 2 * PATIENT,
    },
  });
}

export interface ListedAgent extends ShownAgent {
  readonly id: string;
  readonly version: number;
}

interface WireAgent {
  readonly id: string;
  readonly endpoint: string;
  readonly status: string;
  readonly resource_version: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capabilities: readonly { readonly name: string }[];
}

/** Every agent that the registry lists, by id. */
export async function listAgents(url: string): Promise<Map<string, ListedAgent>> {
  const response = await fetch(`${url}/agents`);
  if (response.status !== 200) throw new Error(`GET /agents answered ${response.status}: ${await response.text()}`);
  const { agents } = (await response.json()) as { readonly agents: readonly WireAgent[] };
  return new Map(agents.map((agent) => [agent.id, listed(agent)]));
}

function listed({ id, endpoint, status, resource_version: version, labels, capabilities }: WireAgent): ListedAgent {
  const offers = capabilities.map(({ name }) => name).toSorted();
  return { id, endpoint, status, note: labels.note ?? "", offers, version: Number(version) };
}

export const shownPart = ({ endpoint, status, note, offers }: ShownAgent): ShownAgent => ({
  endpoint,
  status,
  note,
  offers,
});
