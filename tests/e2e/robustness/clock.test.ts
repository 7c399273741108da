import { expect, test } from "bun:test";
import { ManualClock } from "@mcp-mesh/registry/clock";
import { Random } from "../../simulation/random.ts";
import { effort } from "../../support/effort.ts";
import { type HttpRegistry, startHttpRegistry, temporaryDatabase } from "../../support/http-registry.ts";
import { heartbeatBody, registrationBody } from "../../support/registration-body.ts";
import { printedSeed } from "../../support/seed.ts";

const REGISTER = "/agents/register_with_metadata";
const HOUR_MS = 3_600_000;
const STEPS = effort({ short: 1_500, long: 20_000 });
const IDS = ["a", "b", "c", "d", "e", "f", "g", "h"];
/** What an ordinary agent is given, and how often it beats. */
const TIMEOUT_MS = 60_000;
const BEAT_MS = 30_000;

const wireTime = (epochMs: number): string => `${new Date(epochMs).toISOString().slice(0, 19)}Z`;

/** A registry over one file, started anew now and then, on a wall clock that jumps. */
class Troubled {
  readonly clock = new ManualClock();
  readonly random = new Random(printedSeed());
  /** By id: wall and monotonic time of the last beat; no wall time for one that an earlier registry heard. */
  readonly beats = new Map<string, { readonly wallMs: number | null; readonly monotonicMs: number }>();
  #highest = 0;

  /** Every record change takes a version that was never there, whatever the wall clock shows. */
  tookVersion(text: string): void {
    const version = Number(text);
    expect(version).toBeGreaterThan(this.#highest);
    this.#highest = version;
  }

  heard(id: string): void {
    this.beats.set(id, { wallMs: this.clock.nowMs(), monotonicMs: this.clock.monotonicMs() });
  }

  async register(registry: HttpRegistry, id: string): Promise<void> {
    const metadata = { endpoint: `http://127.0.0.1:9/${this.random.between(1, 1_000_000)}` };
    const { status, body } = await registry.post(REGISTER, registrationBody(id, metadata));
    expect(status).toBe(201);
    this.tookVersion(body.resource_version);
    this.heard(id);
  }

  async remove(registry: HttpRegistry, id: string): Promise<void> {
    expect((await registry.fetch(`/agents/${id}`, { method: "DELETE" })).status).toBe(204);
    this.tookVersion((await registry.get("/agents")).body.resource_version);
    this.beats.delete(id);
  }

  async beat(registry: HttpRegistry, id: string): Promise<void> {
    expect((await registry.post("/heartbeat", heartbeatBody(id))).status).toBe(200);
    this.heard(id);
  }

  async someChange(registry: HttpRegistry): Promise<void> {
    const id = this.random.pick(IDS);
    if (!this.beats.has(id) || this.random.chance(0.5)) await this.register(registry, id);
    else await this.remove(registry, id);
  }

  /** Time passes; whoever is due beats, half of the time allowed after the last beat. */
  async live(registry: HttpRegistry): Promise<void> {
    await this.clock.advance(this.random.between(100, BEAT_MS / 2));
    for (const [id, { monotonicMs }] of this.beats) {
      if (this.clock.monotonicMs() - monotonicMs > BEAT_MS / 2) await this.beat(registry, id);
    }
  }

  /** The database keeps the highest wall time of an agent's beats, which a clock that was set back has yet to reach. */
  forgetWallTimes(): void {
    for (const [id, { monotonicMs }] of this.beats) this.beats.set(id, { wallMs: null, monotonicMs });
  }

  jump(): void {
    const toMs = this.random.pick([HOUR_MS, -HOUR_MS, 60_000, -60_000, 24 * HOUR_MS, -24 * HOUR_MS]);
    this.clock.setWall(this.clock.nowMs() + toMs);
  }

  /** Nobody who beats is anything but healthy, and each beat shows when it was heard. */
  async check(registry: HttpRegistry): Promise<void> {
    // A list in which only beats have moved may be a second old.
    await this.clock.advance(1_100);
    const { body } = await registry.get("/agents");
    const shown = new Map<string, Record<string, string>>(
      body.agents.map((agent: { id: string }) => [agent.id, agent]),
    );
    expect([...shown.keys()].toSorted()).toEqual([...this.beats.keys()].toSorted());
    for (const [id, { wallMs }] of this.beats) {
      const { status, last_heartbeat: lastHeartbeat } = shown.get(id) ?? {};
      expect([id, status]).toEqual([id, "healthy"]);
      if (wallMs !== null) expect([id, lastHeartbeat]).toEqual([id, wireTime(wallMs)]);
    }
  }

  /** All pages show the moment of the first, though the clock jumps and agents change between them. */
  async walk(registry: HttpRegistry): Promise<void> {
    const whole = (await registry.get("/agents")).body;
    const seen: string[] = [];
    let next: string | undefined;
    do {
      const path = next === undefined ? "/agents?limit=2" : `/agents?limit=2&continue=${next}`;
      const { status, body } = await registry.get(path);
      expect([status, body.resource_version]).toEqual([200, whole.resource_version]);
      seen.push(...body.agents.map(({ id }: { id: string }) => id));
      next = body.continue;
      this.jump();
      await this.someChange(registry);
    } while (next !== undefined);
    expect(seen).toEqual(whole.agents.map(({ id }: { id: string }) => id));
  }
}

test(
  "a wall clock that is set back and forward costs nobody a status, repeats no version and spoils no page",
  async () => {
    await using database = await temporaryDatabase();
    const life = new Troubled();
    const start = () => startHttpRegistry({ clock: life.clock, environment: { DATABASE_URL: database.path } });
    let registry = await start();
    for (let step = 0; step < STEPS; step++) {
      await life.random.pick([
        () => life.live(registry),
        () => life.live(registry),
        () => life.someChange(registry),
        async () => life.jump(),
        () => life.walk(registry),
      ])();
      if (life.random.chance(0.05)) {
        await registry.stop();
        if (life.random.chance(0.5)) life.jump();
        registry = await start();
        life.forgetWallTimes();
      }
      await life.check(registry);
    }
    await registry.stop();
  },
  effort({ short: 60_000, long: 900_000 }),
);

test("an agent that falls silent has its full timeout and no more, whatever the wall clock does meanwhile", async () => {
  for (const shiftMs of [HOUR_MS, -HOUR_MS]) {
    await using database = await temporaryDatabase();
    const clock = new ManualClock();
    const environment = { DATABASE_URL: database.path };
    await using registry = await startHttpRegistry({ clock, environment });
    const statusNow = async (): Promise<string> => (await registry.get("/agents/a")).body.status;
    await registry.post(REGISTER, registrationBody("a"));
    await clock.advance(TIMEOUT_MS / 2);
    clock.setWall(clock.nowMs() + shiftMs);
    await clock.advance(TIMEOUT_MS / 2 - 200);
    expect(await statusNow()).toBe("healthy");
    await clock.advance(500);
    expect(await statusNow()).toBe("degraded");
    await clock.advance(TIMEOUT_MS);
    expect(await statusNow()).toBe("expired");
  }
});
