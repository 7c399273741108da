import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ServerProcess } from "./server-process.ts";

export const CEILING = "bare Bun.serve";

export interface CeilingAnswers {
  /** Answer to every GET. */
  readonly list: string;
  /** Answer to every POST. */
  readonly answer: string;
}

export async function startCeiling(folder: string, answers: CeilingAnswers): Promise<ServerProcess> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "list.json"), answers.list);
  writeFileSync(join(folder, "answer.json"), answers.answer);
  const command = [process.execPath, `${import.meta.dir}/ceiling-server.ts`, folder];
  return await ServerProcess.start({ name: CEILING, command, environment: {}, folder });
}
