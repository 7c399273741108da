import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { maskDatabaseUrl, parseDatabaseUrl } from "./database-url.ts";
import { StoreOpenError } from "./store.ts";

const file = (path: string, mustExist = false) => ({ kind: "sqlite", path, mustExist }) as const;

describe("parseDatabaseUrl", () => {
  test.each([
    ["mcp_mesh_registry.db", file("mcp_mesh_registry.db")],
    ["  name.db\n", file("name.db")],
    ["./dir/name.db", file("./dir/name.db")],
    ["/var/lib/mesh/name.db", file("/var/lib/mesh/name.db")],
    ["C:\\mesh\\name.db", file("C:\\mesh\\name.db")],
    ["C:/mesh/name.db", file("C:/mesh/name.db")],
    ["./odd:name.db", file("./odd:name.db")],
    ["what?mode=ro", file("what?mode=ro")],
    ["sqlite:///rel.db", file("rel.db")],
    ["sqlite:///dir/100%.db", file("dir/100%.db")],
    ["SQLite:////abs/name.db", file("/abs/name.db")],
    ["sqlite:///name.db?timeout=5", file("name.db")],
    ["file:name.db", file("name.db")],
    ["file:name.db?mode=rwc&cache=shared", file("name.db")],
    ["file:name.db?mode=rw", file("name.db", true)],
    ["file:a%20b%3f.db#part", file("a b?.db")],
    ["file:/abs/name.db", file("/abs/name.db")],
    ["file:///abs/name.db", file("/abs/name.db")],
    ["file://localhost/abs/name.db", file("/abs/name.db")],
    [":memory:", file(":memory:")],
    ["sqlite://", file(":memory:")],
    ["sqlite:///", file(":memory:")],
    ["sqlite:///:memory:", file(":memory:")],
    ["file::memory:?cache=shared", file(":memory:")],
    ["file:shared?mode=memory&cache=shared", file(":memory:")],
  ])("reads %j as a SQLite database", (text, expected) => {
    expect(parseDatabaseUrl(text)).toEqual(expected);
  });

  test.each(["postgres://u:p@host:5432/mesh?sslmode=require", "postgresql://host/mesh", "PostgreSQL://host/mesh"])(
    "passes %j on to PostgreSQL as it is",
    (text) => {
      expect(parseDatabaseUrl(text)).toEqual({ kind: "postgresql", url: text });
    },
  );

  test.each([
    ["mysql://u:secret@host/mesh", '"mysql"'],
    ["postgresql+asyncpg://u:secret@host/mesh", '"postgresql+asyncpg"'],
    ["http://host/file.db", '"http"'],
    ["mesh:name.db", '"mesh"'],
    ["file:name.db?mode=ro", "mode=ro"],
    ["sqlite:///name.db?mode=ro", "mode=ro"],
    ["file:name.db?immutable=1", "immutable"],
    ["file:name.db?mode=rx", 'mode="rx"'],
    ["file://elsewhere/name.db", '"elsewhere"'],
    ["file:100%.db", '"%"'],
    ["file:", "names no file"],
    ["file:a%00b.db", "names no file"],
    ["sqlite:name.db", "three slashes"],
    ["sqlite://name.db", "three slashes"],
    ["sqlite:/name.db", "three slashes"],
    ["", "is empty"],
    ["  ", "is empty"],
  ])("refuses %j and says why", (text, part) => {
    expect(() => parseDatabaseUrl(text)).toThrow(StoreOpenError);
    expect(() => parseDatabaseUrl(text)).toThrow(part);
    expect(() => parseDatabaseUrl(text)).not.toThrow("secret");
  });
});

describe("maskDatabaseUrl", () => {
  test.each([
    ["postgres://mesh:geheim@host:5432/mesh?sslmode=require", "postgres://mesh:***@host:5432/mesh?sslmode=require"],
    ["postgres://:geheim@host/mesh", "postgres://:***@host/mesh"],
    ["postgres://mesh:ge/h@e?im@host/mesh", "postgres://mesh:***@host/mesh"],
    ["postgres://host/mesh?user=u&password=geheim&x=1", "postgres://host/mesh?user=u&password=***&x=1"],
    ["postgres://host/mesh?pass%77ord=geheim", "postgres://host/mesh?pass%77ord=***"],
    ["postgres://host/mesh?sslpassword=geheim#top", "postgres://host/mesh?sslpassword=***#top"],
    ["postgres://host:5432/mesh", "postgres://host:5432/mesh"],
    ["postgres://mesh@host/mesh", "postgres://mesh@host/mesh"],
    ["file:name.db?key=geheim", "file:name.db?key=***"],
    ["./dir/name.db", "./dir/name.db"],
    [":memory:", ":memory:"],
  ])("shows %j as %j", (url, masked) => {
    expect(maskDatabaseUrl(url)).toBe(masked);
  });

  test("shows no password, whatever it is made of", () => {
    const password = fc.string({ minLength: 1 }).map((text) => `<${text}>`);
    fc.assert(
      fc.property(password, (secret) => {
        expect(maskDatabaseUrl(`postgresql://mesh:${secret}@host/mesh`)).toBe("postgresql://mesh:***@host/mesh");
        const encoded = `postgresql://host/mesh?password=${encodeURIComponent(secret)}&sslmode=require`;
        expect(maskDatabaseUrl(encoded)).toBe("postgresql://host/mesh?password=***&sslmode=require");
      }),
    );
  });
});
