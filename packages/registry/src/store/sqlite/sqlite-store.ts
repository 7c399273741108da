import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock, Timers } from "../../clock.ts";
import type { AgentId, CapabilityRecord, ResourceVersion } from "../../domain/agent.ts";
import type { HealthRow } from "../../domain/health-row.ts";
import type {
  CommitResult,
  LeaseRow,
  LogEntry,
  ProposedChange,
  PrunePolicy,
  PruneResult,
  RegistryStore,
  StoredAgent,
  StoredRegistry,
  StoreStatistics,
} from "../store.ts";
import { StoreOpenError, StoreUnavailableError } from "../store.ts";
import { healthColumns, toChangeRows } from "./change-rows.ts";
import { errorCode, errorText } from "./errors.ts";
import { unwritablePart } from "./file-path.ts";
import { lockPathOf } from "./lock.ts";
import { type OpenedFile, openSqliteFile } from "./open.ts";
import { SCHEMA_VERSION } from "./schema.ts";
import type { SqliteSettings } from "./settings.ts";
import { SqliteWriter, toLogEntry } from "./sqlite-writer.ts";
import { readAgents } from "./stored-records.ts";
import { formatStoredTimestamp } from "./timestamps.ts";
import { WriterError, WriterLostError, WriterThread } from "./writer-thread.ts";

const REPLICA = "sqlite";
/** Newest log entries kept in memory from the start, so that a page or a watch survives a restart. */
const RECENT_LOG = 2_000;
/** Records may be as long as a request body: of long ones fewer are kept. */
const RECENT_LOG_LENGTH = 8 * 1024 * 1024;
/** Time on the event loop that writing may take before it gets a thread of its own (5 MB, and 5 ms at its start). */
const BUSY_MS = 40;
const BUSY_WINDOW_MS = 1_000;
/** From here on pruning and writing back take long enough to be felt. */
const LARGE_REGISTRY = 5_000;
/** On the event loop nothing waits for another process's lock; the Worker does, for DB_BUSY_TIMEOUT. */
const LOOP_BUSY_TIMEOUT_MS = 0;
/** A full disk counts as full until this much is free: below it one write fits and the next does not. */
const ENOUGH_FREE_BYTES = 1024 * 1024;

export interface SqliteStoreOptions {
  readonly path: string;
  readonly mustExist?: boolean;
  readonly settings: SqliteSettings;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: (level: "info" | "warn" | "error", text: string) => void;
  /** A call that takes longer counts as failed. */
  readonly queryTimeoutMs: number;
  readonly recordsEvents: boolean;
  /** Whether the writer has a thread of its own: when it pays (auto), never, or from the start. */
  readonly worker?: "auto" | "never" | "always";
}

/** @throws StoreOpenError when the database cannot be used. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<RegistryStore> {
  return new SqliteStore(options, openSqliteFile(options));
}

type Writer =
  | { readonly kind: "loop"; readonly writer: SqliteWriter }
  | { readonly kind: "thread"; readonly thread: WriterThread };

type WriterMethod = "commit" | "head" | "readLog" | "appendLeases" | "readLeases" | "saveHeartbeats" | "recordHealth";
type OtherMethod = "probe" | "prune" | "afterPrune" | "count" | "checkpoint";
type Method = WriterMethod | OtherMethod;

class SqliteStore implements RegistryStore {
  readonly isShared = false;
  readonly #options: SqliteStoreOptions;
  #file: OpenedFile;
  #writer: Writer;
  /** Newest version given out; null after a commit whose outcome is not known. */
  #head: ResourceVersion | null = null;
  #nextCapabilityId = 1;
  #busySinceMs = 0;
  #busyMs = 0;
  #isClosed = false;
  /** Which file the path named when it was opened. */
  #identity: string | null;
  #isFull = false;

  constructor(options: SqliteStoreOptions, file: OpenedFile) {
    this.#options = options;
    this.#file = file;
    this.#identity = identityOf(file.path);
    this.#writer = { kind: "loop", writer: new SqliteWriter(file.db, REPLICA) };
  }

  async load(): Promise<StoredRegistry> {
    const { db } = this.#file;
    const writer = new SqliteWriter(db, REPLICA);
    try {
      const { head, floor } = writer.head();
      this.#head = head;
      this.#nextCapabilityId = nextCapabilityId(this.#file);
      const leases = writer.readLeases(0).map(toLeaseRow);
      const since = Math.max(recentLogSince(this.#file), floor);
      const leasedBeats = beatsOf(leases);
      const agents = withBeats(
        readAgents(db, (text) => this.#options.log("warn", text)),
        leasedBeats,
      );
      return {
        head,
        floor,
        agents: this.#whenLoaded(agents),
        tombstones: readTombstones(this.#file),
        recentLog: writer.readLog(since, RECENT_LOG).map(toLogEntry),
        recentLogSince: since,
        lastLeaseId: leases.at(-1)?.id ?? 0,
        leasedBeats,
      };
    } catch (error) {
      throw new StoreOpenError(`cannot read the database ${this.#file.path}: ${errorText(error)}`, error);
    }
  }

  async commit(changes: readonly ProposedChange[]): Promise<CommitResult> {
    this.#requireFile();
    const previousHead = this.#head ?? (await this.#call("head")).head;
    const ids = new Map<string, number>();
    const first = Math.max(this.#options.clock.nowMs(), previousHead + 1);
    const prepared: ReturnType<typeof toChangeRows>[] = [];
    for (const [index, change] of changes.entries()) {
      const { agentId, basedOn } = change;
      const idOf = ({ name, version }: CapabilityRecord) => this.#capabilityId(ids, `${agentId} ${name} ${version}`);
      // The caller could not know the version and ids that an earlier change of the batch gets: they are given out here.
      const follows = typeof basedOn === "object" && basedOn !== null ? prepared[basedOn.change] : undefined;
      const old = follows === undefined ? change.old : follows.record;
      prepared.push(toChangeRows({ ...change, old }, first + index, idOf, this.#options.recordsEvents));
    }
    // Until it is known to have succeeded, the head is what the database says.
    this.#head = null;
    const won = await this.#call(
      "commit",
      prepared.map(({ rows }) => rows),
    );
    const last = won.lastIndexOf(true);
    this.#head = last === -1 ? previousHead : first + last;
    const results = prepared.map(({ rows, record }, index) =>
      won[index] ? { version: rows.version, capabilityIds: record?.capabilities.map(({ id }) => id) ?? [] } : null,
    );
    return { results, previousHead };
  }

  async readLog(after: ResourceVersion, limit: number): Promise<readonly LogEntry[]> {
    return (await this.#call("readLog", after, limit)).map(toLogEntry);
  }

  async appendLeases(beats: ReadonlyMap<AgentId, number>, nowMs: number): Promise<number> {
    // The store's clock is the caller's: nobody else writes to this file.
    const at = formatStoredTimestamp(nowMs);
    return await this.#call("appendLeases", at, JSON.stringify([...beats]));
  }

  async readLeases(afterId: number): Promise<{ rows: readonly LeaseRow[]; nowMs: number }> {
    const rows = (await this.#call("readLeases", afterId)).map(toLeaseRow);
    return { rows, nowMs: this.#options.clock.nowMs() };
  }

  async saveHeartbeats(beats: ReadonlyMap<AgentId, number>, foldedUpTo: number): Promise<void> {
    const rows = [...beats].map(([id, beatMs]) => [id, formatStoredTimestamp(beatMs)] as const);
    await this.#call("saveHeartbeats", rows, foldedUpTo);
  }

  async recordHealth(samples: readonly HealthRow[]): Promise<void> {
    await this.#call("recordHealth", samples.map(healthColumns));
  }

  async prune(policy: PrunePolicy): Promise<PruneResult> {
    const result = await this.#call("prune", policy);
    if (result.isDone) await this.#call("afterPrune");
    return result;
  }

  async holdOffice(): Promise<boolean> {
    return true;
  }

  async probe(): Promise<void> {
    this.#requireFile();
    if (this.#file.isReadOnly) this.#reopen();
    if (this.#isFull) requireSpace(this.#file.path);
    await this.#call("probe");
    this.#isFull = false;
  }

  async describe(): Promise<StoreStatistics> {
    const { sizeBytes, ...rows } = await this.#call("count");
    return {
      type: "sqlite",
      location: this.#file.path,
      schemaVersion: SCHEMA_VERSION,
      sizeBytes,
      rows,
      journalMode: this.#file.path === ":memory:" ? "MEMORY" : this.#options.settings.journalMode,
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    try {
      if (!this.#file.isReadOnly) await this.#call("checkpoint");
    } finally {
      this.#isClosed = true;
      if (this.#writer.kind === "thread") await this.#writer.thread.close().catch(() => undefined);
      this.#file.db.close();
      this.#file.lock?.release();
    }
  }

  /** The agents, and then whatever had to wait for the last of them. */
  *#whenLoaded(agents: Iterable<StoredAgent>): Iterable<StoredAgent> {
    let count = 0;
    for (const agent of agents) {
      count++;
      yield agent;
    }
    this.#file.db.run(`PRAGMA busy_timeout = ${LOOP_BUSY_TIMEOUT_MS}`);
    const { worker = "auto" } = this.#options;
    if (this.#writer.kind === "thread") return;
    if (worker === "always" || (worker === "auto" && count >= LARGE_REGISTRY)) this.#startThread();
  }

  #capabilityId(ids: Map<string, number>, key: string): number {
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = this.#nextCapabilityId++;
    ids.set(key, id);
    return id;
  }

  async #call<Call extends Method>(
    call: Call,
    ...parameters: Parameters<SqliteWriter[Call]>
  ): Promise<ReturnType<SqliteWriter[Call]>> {
    // Without this a new thread would be started, and would write without the lock.
    if (this.#isClosed) throw new StoreUnavailableError("the store is closed");
    try {
      if (this.#writer.kind === "loop") return this.#callOnLoop(this.#writer.writer, call, parameters);
      if (this.#writer.thread.isLost) this.#startThread();
      return await this.#writer.thread.call(call, ...parameters);
    } catch (error) {
      if (errorCode(error) === "SQLITE_BUSY" && this.#writer.kind === "loop" && this.#startThread()) {
        // Another process holds the file for a moment: the thread can wait for it, the event loop cannot.
        return await this.#call(call, ...parameters);
      }
      throw this.#unavailable(error);
    }
  }

  #callOnLoop<Call extends Method>(
    writer: SqliteWriter,
    call: Call,
    parameters: Parameters<SqliteWriter[Call]>,
  ): ReturnType<SqliteWriter[Call]> {
    const { clock, worker = "auto" } = this.#options;
    const startMs = clock.monotonicMs();
    try {
      const method = writer[call] as (...given: Parameters<SqliteWriter[Call]>) => ReturnType<SqliteWriter[Call]>;
      return method.apply(writer, parameters);
    } finally {
      const endMs = clock.monotonicMs();
      if (endMs - this.#busySinceMs > BUSY_WINDOW_MS) {
        this.#busySinceMs = endMs;
        this.#busyMs = 0;
      }
      this.#busyMs += endMs - startMs;
      if (worker === "auto" && this.#busyMs > BUSY_MS) this.#startThread();
    }
  }

  /** @returns whether there is one now; a database in memory belongs to its connection, and a read-only one is not written. */
  #startThread(): boolean {
    const { settings, timers, queryTimeoutMs, worker = "auto" } = this.#options;
    const { path, isReadOnly } = this.#file;
    if (worker === "never" || path === ":memory:" || isReadOnly) return false;
    const thread = new WriterThread({ path, settings, replica: REPLICA, timers, timeoutMs: queryTimeoutMs });
    this.#writer = { kind: "thread", thread };
    return true;
  }

  /** What is written to a file that was deleted or replaced succeeds, and is gone with this process. */
  #requireFile(): void {
    const { path } = this.#file;
    const identity = identityOf(path);
    if (identity === this.#identity) return;
    const what = identity === null ? "is gone" : "was replaced by another one";
    throw new StoreUnavailableError(
      `the database file ${path} ${what} while the registry ran: put it back, or restart to use what is there now`,
    );
  }

  /** Started where nothing could be written: perhaps it can be by now. */
  #reopen(): void {
    const { path } = this.#file;
    const unwritable = unwritablePart(path, lockPathOf(path));
    if (unwritable !== null) throw new StoreUnavailableError(`${unwritable} cannot be written`);
    let file: OpenedFile;
    try {
      file = openSqliteFile({ ...this.#options, log: () => undefined });
    } catch (error) {
      throw new StoreUnavailableError(errorText(error), "not-written", error);
    }
    if (file.isReadOnly) {
      file.db.close();
      file.lock?.release();
      throw new StoreUnavailableError(`the database ${path} is read-only`);
    }
    this.#file.db.close();
    this.#file = file;
    this.#identity = identityOf(path);
    file.db.run(`PRAGMA busy_timeout = ${LOOP_BUSY_TIMEOUT_MS}`);
    this.#writer = { kind: "loop", writer: new SqliteWriter(file.db, REPLICA) };
    this.#head = null;
    this.#nextCapabilityId = nextCapabilityId(file);
    this.#options.log("info", `${path} can be written again`);
  }

  #unavailable(error: unknown): Error {
    if (error instanceof StoreUnavailableError) return error;
    if (error instanceof WriterLostError) return new StoreUnavailableError(error.message, "unknown", error);
    const code = errorCode(error);
    if (!(error instanceof WriterError) && !code.startsWith("SQLITE_")) return error as Error;
    if (code === "SQLITE_FULL") this.#isFull = true;
    return new StoreUnavailableError(reasonOf(code, errorText(error)), "not-written", error);
  }
}

const REASONS: readonly (readonly [prefix: string, reason: string])[] = [
  ["SQLITE_FULL", "the disk is full"],
  ["SQLITE_READONLY", "the database cannot be written"],
  ["SQLITE_BUSY", "the database is locked by another process"],
  ["SQLITE_LOCKED", "the database is locked by another process"],
  ["SQLITE_CORRUPT", "the database is damaged"],
  ["SQLITE_IOERR", "the disk failed"],
];

function reasonOf(code: string, text: string): string {
  const reason = REASONS.find(([prefix]) => code.startsWith(prefix))?.[1];
  return reason === undefined ? text : `${reason} (${text})`;
}

/** Null for a database in memory, and where nothing is to be seen. */
function identityOf(path: string): string | null {
  if (path === ":memory:") return null;
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}

function requireSpace(path: string): void {
  const { bavail, bsize } = statfsSync(dirname(path));
  if (bavail * bsize < ENOUGH_FREE_BYTES) {
    throw new StoreUnavailableError(`the disk is full (less than ${ENOUGH_FREE_BYTES / 1024 / 1024} MiB is free)`);
  }
}

function nextCapabilityId({ db }: OpenedFile): number {
  const highest = db.query<{ id: number | null }, []>("SELECT max(id) AS id FROM capabilities").get()?.id ?? 0;
  const given = db.query<{ seq: number }, []>("SELECT seq FROM sqlite_sequence WHERE name = 'capabilities'").get()?.seq;
  return Math.max(highest, given ?? 0) + 1;
}

/** The version after which the log is short enough to be kept in memory; 0 = all of it. */
function recentLogSince({ db }: OpenedFile): ResourceVersion {
  const rows = db
    .query<{ version: number; length: number }, [number]>(
      "SELECT version, coalesce(length(old), 0) + coalesce(length(new), 0) AS length FROM registry_log ORDER BY version DESC LIMIT ?",
    )
    .all(RECENT_LOG + 1);
  let length = 0;
  for (const [index, row] of rows.entries()) {
    length += row.length;
    if (index === RECENT_LOG || length > RECENT_LOG_LENGTH) return row.version;
  }
  return 0;
}

function readTombstones({ db }: OpenedFile): Map<AgentId, number> {
  const rows = db.query<{ agent_id: string; at: string }, []>("SELECT agent_id, at FROM lifecycle_tombstones").all();
  return new Map(rows.map(({ agent_id: id, at }) => [id, Date.parse(at)]));
}

function toLeaseRow(row: { id: number; replica: string; at: string; beats: string }): LeaseRow {
  const beats = new Map(JSON.parse(row.beats) as [AgentId, number][]);
  return { id: row.id, replica: row.replica, atMs: Date.parse(row.at), beats };
}

function beatsOf(leases: readonly LeaseRow[]): Map<AgentId, number> {
  const latest = new Map<AgentId, number>();
  for (const { beats } of leases) for (const [id, beatMs] of beats) latest.set(id, beatMs);
  return latest;
}

/** The agents' own rows lag behind the lease log, which holds what was heard since they were last brought up to date. */
function* withBeats(agents: Iterable<StoredAgent>, leased: ReadonlyMap<AgentId, number>): Iterable<StoredAgent> {
  for (const agent of agents) {
    const beatMs = leased.get(agent.record.id);
    const isNewer = beatMs !== undefined && beatMs > (agent.lastHeartbeatMs ?? 0);
    yield isNewer ? { ...agent, lastHeartbeatMs: beatMs } : agent;
  }
}
