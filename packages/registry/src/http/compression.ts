/** Half the time of the default level, and a tenth larger. */
export const GZIP_LEVEL = 4;
/** Above this compressing takes longer than the event loop may be held. */
const SYNC_GZIP_BYTES = 256 * 1024;

export function compress(body: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  return body.byteLength <= SYNC_GZIP_BYTES ? Bun.gzipSync(body, { level: GZIP_LEVEL }) : compressAside(body);
}

/** On another thread. node:zlib costs 10 MB when it is loaded, which a registry of short lists never needs. */
async function compressAside(body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const { gzip } = await import("node:zlib");
  return new Promise((resolve, reject) => {
    gzip(body, { level: GZIP_LEVEL }, (error, result) => (error ? reject(error) : resolve(new Uint8Array(result))));
  });
}
