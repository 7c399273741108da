// Runs a script with the pinned Bun. Node and npm are all this needs: npm brings Bun (`npx`), Bun brings the
// dependencies from the lockfile. The Bun that npm fetched is looked up once and then started directly, so that signals
// reach the program itself and not a chain of wrappers.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const BUN_VERSION = "1.4.5";
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const memo = join(root, "node_modules", ".bun-path");

function findBun() {
  if (process.versions.bun === BUN_VERSION) return process.execPath;
  const known = existsSync(memo) ? readFileSync(memo, "utf8").trim() : "";
  if (known.startsWith(`${BUN_VERSION} `)) {
    const path = known.slice(BUN_VERSION.length + 1);
    if (existsSync(path)) return path;
  }
  const npx = process.platform === "win32" ? "npx.cmd" : "npx";
  const print = "process.stdout.write(process.execPath)";
  try {
    const path = execFileSync(npx, ["--yes", `bun@${BUN_VERSION}`, "-e", print], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      shell: process.platform === "win32",
    }).trim();
    mkdirSync(dirname(memo), { recursive: true });
    writeFileSync(memo, `${BUN_VERSION} ${path}\n`);
    return path;
  } catch (error) {
    console.error(`Could not get Bun ${BUN_VERSION} from npm: ${error.message}`);
    console.error(`Check that 'npx --yes bun@${BUN_VERSION} --version' works, then try again.`);
    process.exit(1);
  }
}

function installDependencies(bun) {
  const stamp = join(root, "node_modules", ".installed-lock");
  const lock = readFileSync(join(root, "bun.lock"), "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  try {
    execFileSync(bun, ["install", "--frozen-lockfile"], { cwd: root, stdio: ["ignore", 2, 2] });
  } catch {
    console.error(
      "Could not install the dependencies; Bun says above why. They come from npm's registry, as pinned in",
    );
    console.error("bun.lock: check that this machine reaches it, then try again.");
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}

const bun = findBun();
installDependencies(bun);
const child = spawn(bun, process.argv.slice(2), { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    // A terminal's Ctrl-C has reached the program already; a second one would read as "at once".
    if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  });
}
if (process.env.npm_lifecycle_event !== undefined) {
  // npm passes no SIGTERM on: it goes, and its shell with it. Whoever ended them meant the program.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 500).unref();
}
child.on("error", (error) => {
  console.error(`Could not start Bun at ${bun}: ${error.message}. Delete ${memo} and try again.`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
