import { expect, test } from "bun:test";
import fc from "fast-check";
import { ResponseReader } from "./response-reader.ts";

function read(pieces: readonly Buffer[]): { statuses: number[]; bodyBytes: number; isInside: boolean } {
  const statuses: number[] = [];
  const reader = new ResponseReader((status) => statuses.push(status));
  for (const piece of pieces) reader.feed(piece);
  return { statuses, bodyBytes: reader.bodyBytes, isInside: reader.isInside };
}

function cut(text: string, places: readonly number[]): Buffer[] {
  const bytes = Buffer.from(text);
  const sorted = [...new Set(places.map((place) => place % bytes.length))].sort((a, b) => a - b);
  return [0, ...sorted].map((from, index) => bytes.subarray(from, sorted[index] ?? bytes.length));
}

const withLength = (status: number, body: string): string =>
  `HTTP/1.1 ${status} Text\r\nContent-Type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
const chunked = (status: number, body: string, size: number): string => {
  const parts = body.match(new RegExp(`[^]{1,${size}}`, "g")) ?? [];
  const chunks = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("");
  return `HTTP/1.1 ${status} Text\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`;
};

test("responses are told apart wherever the network cuts them", () => {
  const body = fc.string({ unit: "binary-ascii", maxLength: 300 });
  const response = fc.tuple(fc.constantFrom(200, 201, 404, 503), body, fc.nat(20)).map(([status, text, chunk]) => ({
    status,
    text,
    bytes: chunk === 0 ? withLength(status, text) : chunked(status, text, chunk),
  }));
  fc.assert(
    fc.property(fc.array(response, { minLength: 1, maxLength: 5 }), fc.array(fc.nat(3_000)), (responses, places) => {
      expect(read(cut(responses.map(({ bytes }) => bytes).join(""), places))).toEqual({
        statuses: responses.map(({ status }) => status),
        bodyBytes: responses.reduce((sum, { text }) => sum + text.length, 0),
        isInside: false,
      });
    }),
  );
});

test("a response is not reported before its last byte", () => {
  const bytes = Buffer.from(withLength(200, "12345"));
  expect(read([bytes.subarray(0, -1)])).toMatchObject({ statuses: [], isInside: true });
  expect(read([bytes])).toMatchObject({ statuses: [200], isInside: false });
});

test("chunk extensions and trailers are skipped", () => {
  const text =
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;name=value\r\nabc\r\n0\r\nExpires: never\r\n\r\n";
  expect(read([Buffer.from(text)])).toEqual({ statuses: [200], bodyBytes: 3, isInside: false });
});

test("a 204 has no body even without a length", () => {
  expect(read([Buffer.from("HTTP/1.1 204 No Content\r\n\r\n")])).toMatchObject({ statuses: [204], isInside: false });
});

test.each([
  ["another protocol", "SSH-2.0-OpenSSH_9.6\r\n\r\n", "not an HTTP/1.1 response"],
  ["no framing", "HTTP/1.1 200 OK\r\n\r\n", "neither Content-Length nor chunked"],
  ["a bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed chunk size"],
  ["an endless head", `HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}`, "head exceeds"],
])("unreadable framing is an error, not a guess: %s", (_, text, message) => {
  expect(() => read([Buffer.from(text)])).toThrow(message);
});
