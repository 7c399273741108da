import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openapiDocument } from "./openapi/document.ts";
import { ROOT } from "./run-process.ts";

/** Served as it is, so that the registry needs neither the schemas nor their library, which would cost it 13 MB. */
export const OPENAPI_FILE = "packages/registry/src/http/openapi.json";

export const openapiText = (): string => `${JSON.stringify(openapiDocument(), null, 2)}\n`;

if (import.meta.main) {
  writeFileSync(join(ROOT, OPENAPI_FILE), openapiText());
  console.log(`${OPENAPI_FILE} written`);
}
