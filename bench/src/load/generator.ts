/** Entry of the load generator's own process: one run at a time, asked for and answered over the process channel. */
import type { LoadReply, LoadRequest } from "./messages.ts";
import { runLoad } from "./run-load.ts";

function reply(message: LoadReply): void {
  process.send?.(message);
}

process.on("message", (request: LoadRequest) => {
  runLoad(request).then(
    (result) => reply({ ok: true, result }),
    (error: unknown) => reply({ ok: false, id: request.id, error: String(error) }),
  );
});
// The bench went away: nobody would ever read another result.
process.on("disconnect", () => process.exit(0));
