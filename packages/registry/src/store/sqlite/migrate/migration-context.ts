/** What every step of a migration works with. */
export interface MigrationContext {
  readonly nowMs: number;
  readonly log: (level: "info" | "warn", text: string) => void;
}
