import type { Clock } from "../../clock.ts";
import type { AgentId } from "../../domain/agent.ts";
import type { HealthRow } from "../../domain/health-row.ts";
import type {
  CommitResult,
  LeaseRow,
  LogEntry,
  ProposedChange,
  PrunePolicy,
  PruneResult,
  RegistryStore,
  StoredRegistry,
  StoreStatistics,
} from "../store.ts";
import { StoreOpenError, StoreUnavailableError } from "../store.ts";
import { MemoryTables, type TablesOptions } from "./memory-tables.ts";
import { ownedCopy } from "./owned-copy.ts";

/** PostgreSQL ends the session that holds the office after this silence (architecture: `idle_session_timeout`). */
const OFFICE_SILENCE_MS = 4_000;
/** By then every live replica has read a lease row: one that is silent for so long is gone (database 6). */
const REPLICA_GONE_MS = 5_000;

export interface MemoryDatabaseOptions extends TablesOptions {
  /** Several stores may be open at once, as on PostgreSQL; versions and lease rows then follow this clock of its own. */
  readonly shared?: { readonly clock: Clock };
}

/**
 * A database that lives in this process and outlives its stores. Without `shared` it is an embedded one: a single store at
 * a time, by that store's clock. With it, the stores opened on it behave as the replicas of a registry on PostgreSQL.
 */
export class MemoryDatabase {
  /** While true every operation of every store fails: the server is down, the disk is full. */
  isDown = false;
  readonly tables: MemoryTables;
  readonly #shared: { readonly clock: Clock } | null;
  readonly #sessions = new Set<object>();
  #office: { readonly session: object; heardAtMs: number } | null = null;

  constructor(options: MemoryDatabaseOptions = {}) {
    this.tables = new MemoryTables(options);
    this.#shared = options.shared ?? null;
  }

  get isShared(): boolean {
    return this.#shared !== null;
  }

  /** The clock that decides about versions and silence, for a store that runs by `processClock`. */
  clockFor(processClock: Clock): Clock {
    return this.#shared?.clock ?? processClock;
  }

  /** @throws StoreOpenError when it is embedded and a store is open. */
  connect(session: object): void {
    if (!this.isShared && this.#sessions.size > 0) throw new StoreOpenError("database is in use by another process");
    this.#sessions.add(session);
  }

  disconnect(session: object): void {
    this.#sessions.delete(session);
    if (this.#office?.session === session) this.#office = null;
  }

  /** Whether the session is still the one it was; a session that held the office and fell silent has been ended. */
  hear(session: object): boolean {
    this.#endSilentOffice();
    if (this.#office?.session === session) this.#office.heardAtMs = this.#monotonicMs();
    return this.#sessions.has(session);
  }

  /** Gives the session the office if nobody holds it. At most one session holds it at any time. */
  claimOffice(session: object): boolean {
    if (!this.isShared) return true;
    this.#endSilentOffice();
    this.#office ??= { session, heardAtMs: this.#monotonicMs() };
    return this.#office.session === session;
  }

  #endSilentOffice(): void {
    if (this.#office === null || this.#monotonicMs() - this.#office.heardAtMs <= OFFICE_SILENCE_MS) return;
    this.disconnect(this.#office.session);
  }

  #monotonicMs(): number {
    return this.#shared?.clock.monotonicMs() ?? 0;
  }
}

export type StoreOperation = Exclude<keyof RegistryStore, "isShared">;

export interface MemoryStoreOptions {
  /** Name in the lease rows; one of its own for each replica. */
  readonly replica: string;
  readonly clock: Clock;
  /** Awaited twice an operation: on the way to the database and on the way back. A seeded one reorders what runs at once. */
  readonly delay?: () => Promise<void>;
  /**
   * Asked once an operation, when it reaches the database. `not-written`: it fails there. `unknown`: it is done, and the
   * answer is lost; a read that is lost has still written nothing, and says so.
   */
  readonly fault?: (operation: StoreOperation) => StoreUnavailableError["outcome"] | null;
}

export interface MemoryStore extends RegistryStore {
  /** While true, this store alone cannot reach the database. Answers that are under way are lost. */
  isCutOff: boolean;
  /**
   * The process is gone, as by `kill -9`: its office and lock are free at once, what has not reached the database never
   * will, and none of its calls ever settles, because nobody is left to hear it.
   */
  kill(): void;
}

/**
 * A store over a database in memory, whole enough to pass the contract suite, with the faults a simulation needs.
 * @throws StoreOpenError when the database is embedded and already in use.
 */
export function openMemoryStore(database: MemoryDatabase, options: MemoryStoreOptions): MemoryStore {
  return new ConnectedStore(database, options);
}

class ConnectedStore implements MemoryStore {
  isCutOff = false;
  readonly #database: MemoryDatabase;
  readonly #options: MemoryStoreOptions;
  readonly #clock: Clock;
  #session: object = {};
  #life: "open" | "closed" | "killed" = "open";

  constructor(database: MemoryDatabase, options: MemoryStoreOptions) {
    this.#database = database;
    this.#options = options;
    this.#clock = database.clockFor(options.clock);
    database.connect(this.#session);
  }

  get isShared(): boolean {
    return this.#database.isShared;
  }

  load(): Promise<StoredRegistry> {
    return this.#read("load", (tables) => tables.load());
  }

  commit(changes: readonly ProposedChange[]): Promise<CommitResult> {
    // Copied now and not when the delay is over: the caller may go on with its objects as soon as it has called. What was
    // there before, the tables know themselves.
    const proposed = changes.map((change) => ownedCopy({ ...change, old: null }));
    return this.#write("commit", (tables) => tables.commit(proposed, this.#clock.nowMs()));
  }

  readLog(after: number, limit: number): Promise<readonly LogEntry[]> {
    return this.#read("readLog", (tables) => tables.readLog(after, limit));
  }

  appendLeases(beats: ReadonlyMap<AgentId, number>, nowMs: number): Promise<number> {
    const heard = [...beats];
    return this.#write("appendLeases", (tables) => {
      const storeNowMs = this.#clock.nowMs();
      const kept = new Map(heard.map(([id, beatMs]) => [id, beatMs + storeNowMs - nowMs]));
      return tables.appendLeases(this.#options.replica, kept, storeNowMs);
    });
  }

  readLeases(afterId: number): Promise<{ readonly rows: readonly LeaseRow[]; readonly nowMs: number }> {
    return this.#read("readLeases", (tables) => ({ rows: tables.readLeases(afterId), nowMs: this.#clock.nowMs() }));
  }

  saveHeartbeats(beats: ReadonlyMap<AgentId, number>, foldedUpTo: number): Promise<void> {
    const heard = new Map(beats);
    return this.#write("saveHeartbeats", (tables) => {
      const readByAllMs = this.#clock.nowMs() - REPLICA_GONE_MS;
      tables.saveHeartbeats(heard, ({ id, replica, atMs }) => {
        if (id > foldedUpTo) return false;
        // Others still have to read young rows; and what they heard themselves, nobody but they can have saved.
        return !this.isShared || (replica === this.#options.replica && atMs <= readByAllMs);
      });
    });
  }

  recordHealth(samples: readonly HealthRow[]): Promise<void> {
    const rows = ownedCopy(samples);
    return this.#write("recordHealth", (tables) => tables.recordHealth(rows));
  }

  prune(policy: PrunePolicy): Promise<PruneResult> {
    return this.#write("prune", (tables) => tables.prune(policy));
  }

  holdOffice(): Promise<boolean> {
    return this.#write("holdOffice", () => this.#database.claimOffice(this.#session));
  }

  probe(): Promise<void> {
    return this.#write("probe", () => undefined);
  }

  describe(): Promise<StoreStatistics> {
    return this.#read("describe", (tables) => ({
      type: "memory",
      location: ":memory:",
      schemaVersion: 3,
      sizeBytes: 0,
      rows: tables.countRows(),
    }));
  }

  async close(): Promise<void> {
    await this.#travel();
    this.#life = "closed";
    this.#database.disconnect(this.#session);
  }

  kill(): void {
    this.#life = "killed";
    this.#database.disconnect(this.#session);
  }

  #read<T>(operation: StoreOperation, query: (tables: MemoryTables) => T): Promise<T> {
    return this.#run(operation, query, "not-written");
  }

  #write<T>(operation: StoreOperation, transaction: (tables: MemoryTables) => T): Promise<T> {
    return this.#run(operation, transaction, "unknown");
  }

  async #run<T>(
    operation: StoreOperation,
    transaction: (tables: MemoryTables) => T,
    outcomeOfLostAnswer: StoreUnavailableError["outcome"],
  ): Promise<T> {
    await this.#travel();
    this.#requireConnection();
    const fault = this.#options.fault?.(operation) ?? null;
    if (fault === "not-written") throw new StoreUnavailableError(`${operation} failed in the database`);
    const answer = transaction(this.#database.tables);
    await this.#travel();
    if (fault === "unknown" || !this.#isReachable()) {
      throw new StoreUnavailableError(`the answer to ${operation} was lost`, outcomeOfLostAnswer);
    }
    return answer;
  }

  async #travel(): Promise<void> {
    await this.#options.delay?.();
    if (this.#life === "killed") await new Promise<never>(() => {});
  }

  #isReachable(): boolean {
    return !this.isCutOff && !this.#database.isDown;
  }

  #requireConnection(): void {
    if (this.#life === "closed") throw new StoreUnavailableError("the store is closed");
    if (!this.#isReachable()) throw new StoreUnavailableError("the database cannot be reached");
    if (this.#database.hear(this.#session)) return;
    this.#session = {};
    this.#database.connect(this.#session);
    throw new StoreUnavailableError("the database ended the session after a silence; connected again");
  }
}
