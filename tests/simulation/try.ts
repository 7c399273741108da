import { Simulation } from "./simulation.ts";
import { CALM, STORMY } from "./weather.ts";
const [kind, from, to, minutes] = process.argv.slice(2);
let bad = 0;
for (let seed = Number(from); seed <= Number(to); seed++) {
  const t = performance.now();
  const sim = new Simulation({ seed, replicas: kind!.startsWith("3") ? 3 : 1, agents: 20, mirrors: 20, minutes: Number(minutes), latencyMs: kind!.includes("calm") ? 0 : 20, climate: kind!.includes("calm") ? CALM : STORMY, expiredAgentMs: seed % 2 ? 20_000 : 0 });
  try { console.log(seed, JSON.stringify(await sim.run()), Math.round(performance.now() - t)); }
  catch (e) { bad++; console.log("FAIL", Math.round(performance.now() - t), String((e as Error).message).slice(0, 6000)); }
}
console.log("bad", bad);
process.exit(0);
