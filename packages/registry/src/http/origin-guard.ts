/**
 * Who may talk to the registry from a browser (spec README, decision 8). A page may have any origin and any host name may
 * point at this machine, so: a loopback registry answers only to loopback names (DNS rebinding), and what changes something
 * is refused to origins that are neither ours, nor loopback, nor named in ALLOWED_ORIGINS.
 */
export interface OriginGuard {
  /** Whether a request with this `Host` header may be answered. */
  allowsHost(host: string | null): boolean;
  /** Whether a request that changes something may come from this origin. */
  allowsChangeFrom(origin: string, host: string | null): boolean;
}

export interface GuardOptions {
  readonly isBoundToLoopback: boolean;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/** Header values come in few forms; deciding each once makes the check a look-up. */
const MEMO_LIMIT = 1_000;

export function createOriginGuard({ isBoundToLoopback, allowedHosts, allowedOrigins }: GuardOptions): OriginGuard {
  const hosts = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const named = new Set(allowedOrigins.filter((origin) => origin !== "*").map((origin) => origin.toLowerCase()));
  const decided = new Map<string, boolean>();
  return {
    allowsHost(host) {
      if (!isBoundToLoopback) return true;
      if (host === null) return true;
      const known = decided.get(host);
      if (known !== undefined) return known;
      const name = hostName(host);
      const isAllowed = isLoopbackName(name) || hosts.has(name) || hosts.has(host.toLowerCase());
      if (decided.size < MEMO_LIMIT) decided.set(host, isAllowed);
      return isAllowed;
    },
    allowsChangeFrom(origin, host) {
      if (named.has(origin.toLowerCase())) return true;
      const authority = origin.match(/^https?:\/\/(.+)$/i)?.[1];
      if (authority === undefined) return false;
      return isLoopbackName(hostName(authority)) || (host !== null && authority.toLowerCase() === host.toLowerCase());
    },
  };
}

/** Host without port, brackets of an IPv6 address removed; what is no host with an optional port stands for itself. */
function hostName(host: string): string {
  const text = host.trim().toLowerCase();
  const [, address, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(text) ?? [];
  return address ?? name ?? text;
}

/** Names that only this machine answers to. `localhost.` with its dot is the same name. */
export function isLoopbackName(name: string): boolean {
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  if (LOOPBACK_NAMES.has(bare) || bare.endsWith(".localhost")) return true;
  return /^127(\.\d{1,3}){3}$/.test(bare) || canonicalIpv6(bare) === "[::1]";
}

/** `ip6-…` as many systems' hosts files have it. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "ip6-localhost", "ip6-loopback"]);

/** An IPv6 address has many spellings (`0:0:0:0:0:0:0:1`); in brackets, or null for anything else. */
function canonicalIpv6(text: string): string | null {
  if (!/^[0-9a-f:.]*:[0-9a-f:.]*$/.test(text)) return null;
  return URL.parse(`http://[${text}]`)?.hostname ?? null;
}
