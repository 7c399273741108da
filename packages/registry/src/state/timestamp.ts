/** RFC 3339, UTC, whole seconds: the form of every timestamp we send (registry-api 1). */
export function formatTimestamp(epochMs: number): string {
  const second = Math.floor(epochMs / 1000);
  if (second !== memoSecond) {
    memoSecond = second;
    memoText = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
  }
  return memoText;
}

// Answers made within one second carry the same time, so one memo serves nearly every call.
let memoSecond = Number.NaN;
let memoText = "";
