import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareVersions, isSemVer, parseVersionConstraint, satisfies } from "./version-constraint.ts";

function admitted(constraint: string, versions: readonly string[]): string[] {
  const compiled = parseVersionConstraint(constraint);
  return versions.filter((version) => satisfies(compiled, version));
}

const admits = (constraint: string, version: string): boolean => satisfies(parseVersionConstraint(constraint), version);

describe("vectors of the specification", () => {
  const RELEASES = ["1.0.0", "1.2.3", "2.0.0", "2.1.0-beta"];

  test.each([
    [">=1.0.0", 4],
    [">=2.0.0", 2],
    [">1.0.0", 3],
    ["~1.2.0", 1],
    ["^1.0.0", 2],
    ["=1.0.0", 1],
    ["<2.0.0", 2],
  ])("%s admits %p of 1.0.0, 1.2.3, 2.0.0, 2.1.0-beta", (constraint, count) => {
    expect(admitted(constraint, RELEASES)).toHaveLength(count);
  });

  test.each([
    [">=1.0.0", ["1.0.0"]],
    ["<1.0.0", []],
    ["<=1.0.0", ["1.0.0-alpha", "1.0.0"]],
  ])("%s admits %p of 1.0.0-alpha, 1.0.0", (constraint, expected) => {
    expect(admitted(constraint, ["1.0.0-alpha", "1.0.0"])).toEqual(expected);
  });

  test("^ looks at the patch too", () => {
    expect(admitted("^1.2.3", ["1.2.0", "1.2.3", "1.10.0"])).toEqual(["1.2.3", "1.10.0"]);
  });

  test("a clause that does not parse admits nothing", () => {
    expect(admitted(">=bogus", [...RELEASES, "bogus"])).toEqual([]);
  });

  test("^ means the same major below 1.0.0 as well, unlike npm", () => {
    expect(admitted("^0.2.0", ["0.1.9", "0.2.0", "0.3.0", "1.0.0"])).toEqual(["0.2.0", "0.3.0"]);
  });
});

describe("operators", () => {
  const VERSIONS = ["1.0.0", "1.1.9", "1.2.0-rc.1", "1.2.0", "1.2.5", "1.3.0", "2.0.0-rc.1", "2.0.0"];

  test.each([
    ["", VERSIONS],
    ["*", VERSIONS],
    ["1.2", ["1.2.0-rc.1", "1.2.0", "1.2.5"]],
    ["=1", ["1.0.0", "1.1.9", "1.2.0-rc.1", "1.2.0", "1.2.5", "1.3.0"]],
    ["==1.2.5", ["1.2.5"]],
    ["= 1.2.5", ["1.2.5"]],
    ["1.2-rc.1", ["1.2.0-rc.1"]],
    ["!=1.2", ["1.0.0", "1.1.9", "1.3.0", "2.0.0-rc.1", "2.0.0"]],
    ["!=1.2.0", ["1.0.0", "1.1.9", "1.2.0-rc.1", "1.2.5", "1.3.0", "2.0.0-rc.1", "2.0.0"]],
    ["~1.2", ["1.2.0", "1.2.5"]],
    ["~1", ["1.0.0", "1.1.9", "1.2.0-rc.1", "1.2.0", "1.2.5", "1.3.0"]],
    ["~1.2.1", ["1.2.5"]],
    ["~1.2.0-rc.1", ["1.2.0-rc.1", "1.2.0", "1.2.5"]],
    ["^1.2", ["1.2.0", "1.2.5", "1.3.0"]],
    ["<2", ["1.0.0", "1.1.9", "1.2.0-rc.1", "1.2.0", "1.2.5", "1.3.0"]],
    ["<2.0.0-rc.2", ["1.0.0", "1.1.9", "1.2.0-rc.1", "1.2.0", "1.2.5", "1.3.0", "2.0.0-rc.1"]],
    ["<=1.2.0", ["1.0.0", "1.1.9", "1.2.0-rc.1", "1.2.0"]],
    [">1.2.0", ["1.2.5", "1.3.0", "2.0.0-rc.1", "2.0.0"]],
    [">=v1.3", ["1.3.0", "2.0.0-rc.1", "2.0.0"]],
    [">=1.0.0,<2.0.0", ["1.0.0", "1.1.9", "1.2.0-rc.1", "1.2.0", "1.2.5", "1.3.0"]],
    [" >= 1.1.0 , < 1.3 , != 1.2.0 ", ["1.1.9", "1.2.0-rc.1", "1.2.5"]],
    [">=1.3.0,*,", ["1.3.0", "2.0.0-rc.1", "2.0.0"]],
    [">=1.0.0,bogus", []],
    [">=", []],
    ["=>1.0.0", []],
    [">=1.0.0 <2.0.0", []],
    ["1.2.3.4", []],
    ["1.x", []],
  ])("%p admits %p", (constraint, expected) => {
    expect(admitted(constraint, VERSIONS)).toEqual([...expected]);
  });

  test("builds do not count, and their + may have become a space in the URL", () => {
    expect(admits("=1.0.0+linux", "1.0.0+darwin")).toBe(true);
    expect(admits("=1.0.0 linux.5", "1.0.0")).toBe(true);
    expect(admits(">1.0.0", "1.0.0+build")).toBe(false);
  });

  test("a bare text that is no version admits the equal text only", () => {
    expect(admits("latest", "latest")).toBe(true);
    expect(admits("latest", "Latest")).toBe(false);
    expect(admits("=latest", "latest")).toBe(false);
    expect(admits("latest", "1.0.0")).toBe(false);
  });

  test("a version that is none meets only !=, * and its own text", () => {
    expect(admits("*", "latest")).toBe(true);
    expect(admits("", "")).toBe(true);
    expect(admits("!=1.0.0", "latest")).toBe(true);
    expect(admits(">=0", "latest")).toBe(false);
    expect(admits("<=9", "latest")).toBe(false);
  });

  test("versions of older registries compare: missing parts, leading zeros, a v", () => {
    expect(admits(">=1.0.0", "v1.2")).toBe(true);
    expect(admits("^2025.5", "2025.06.01")).toBe(true);
    expect(admits("=1.0.0-1", "1.0.0-01")).toBe(true);
    expect(admits("1.2", "1.2")).toBe(true);
  });

  test("numeric parts of a prerelease compare as numbers", () => {
    expect(admits(">1.0.0-rc.9", "1.0.0-rc.10")).toBe(true);
    expect(admits(">1.0.0-9", "1.0.0-alpha")).toBe(true);
    expect(admits(">1.0.0-rc", "1.0.0-rc.1")).toBe(true);
  });

  test("more than 32 clauses admit nothing", () => {
    const clauses = (count: number) => Array.from({ length: count }, () => ">=1.0.0").join(",");
    expect(admits(clauses(32), "1.0.0")).toBe(true);
    expect(admits(clauses(33), "1.0.0")).toBe(false);
    expect(admits(",".repeat(1_000_000), "1.0.0")).toBe(false);
  });

  test("oversized texts are no versions", () => {
    const long = `1.0.0-${"a".repeat(300)}`;
    expect(admits(">=0", long)).toBe(false);
    expect(admits(`>=${long}`, "2.0.0")).toBe(false);
    expect(admits(long, long)).toBe(true);
    expect(admits(">=0", "99999999999999999999.0.0")).toBe(false);
  });
});

describe("isSemVer", () => {
  test.each([
    "0.0.0",
    "1.0.0",
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-0.3.7",
    "1.0.0--",
    "1.0.0+001",
    "1.2.3-rc.1+exp.sha-5114f85",
  ])("%s is", (text) => {
    expect(isSemVer(text)).toBe(true);
  });

  test.each([
    "",
    "1",
    "1.0",
    "v1.0.0",
    "=1.0.0",
    " 1.0.0",
    "1.0.0 ",
    "1.0.0\n",
    "1.0.0.0",
    "01.0.0",
    "1.0.0-01",
    "1.0.0-",
    "1.0.0-a..b",
    "1.0.0+",
    "-1.0.0",
    "1.0.0-ä",
    "latest",
    `1.0.0-${"a".repeat(300)}`,
  ])("%p is not", (text) => {
    expect(isSemVer(text)).toBe(false);
  });
});

describe("compareVersions", () => {
  test("sorts by precedence, with what is no version first", () => {
    const versions = ["2.0.0", "nightly", "1.10.0", "1.0.0-rc.10", "latest", "1.9.0", "1.0.0", "1.0.0-rc.9", "v1.1"];
    expect(versions.sort(compareVersions)).toEqual([
      "latest",
      "nightly",
      "1.0.0-rc.9",
      "1.0.0-rc.10",
      "1.0.0",
      "v1.1",
      "1.9.0",
      "1.10.0",
      "2.0.0",
    ]);
  });

  test("builds are equal", () => {
    expect(compareVersions("1.0.0+a", "1.0.0+b")).toBe(0);
  });
});

describe("properties", () => {
  const part = fc.nat({ max: 3 });
  const prerelease = fc.constantFrom("", "-alpha", "-alpha.1", "-2", "-10", "-rc");
  const version = fc.tuple(part, part, part, prerelease).map(([x, y, z, pre]) => `${x}.${y}.${z}${pre}`);
  const anyText = fc.oneof(
    version,
    fc.string({ unit: "binary" }),
    fc
      .array(fc.constantFrom(">", "<", "=", "~", "^", "!", "*", ",", ".", "-", "+", "0", "12", "a", "v", " "))
      .map((pieces) => pieces.join("")),
  );

  test("any constraint holds against any version without throwing, and always says the same", () => {
    fc.assert(
      fc.property(anyText, anyText, (constraint, candidate) => {
        const compiled = parseVersionConstraint(constraint);
        expect(satisfies(compiled, candidate)).toBe(satisfies(parseVersionConstraint(constraint), candidate));
      }),
      { numRuns: 1000 },
    );
  });

  test("operators agree with each other and with the order", () => {
    fc.assert(
      fc.property(version, version, (bound, candidate) => {
        const order = compareVersions(candidate, bound);
        expect(admits(`>=${bound}`, candidate)).toBe(order >= 0);
        expect(admits(`>${bound}`, candidate)).toBe(order > 0);
        expect(admits(`<=${bound}`, candidate)).toBe(order <= 0);
        expect(admits(bound, candidate)).toBe(order === 0);
        expect(admits(`!=${bound}`, candidate)).toBe(order !== 0);
        if (admits(`<${bound}`, candidate)) expect(order).toBeLessThan(0);
        if (admits(`~${bound}`, candidate)) expect(admits(`^${bound}`, candidate)).toBe(true);
        if (admits(`^${bound}`, candidate)) expect(order).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 1000 },
    );
  });

  test("clauses and together", () => {
    fc.assert(
      fc.property(version, version, version, (low, high, candidate) => {
        const both = admits(`>=${low}`, candidate) && admits(`<${high}`, candidate);
        expect(admits(`>=${low},<${high}`, candidate)).toBe(both);
      }),
    );
  });

  test("compareVersions is a total order on any texts", () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a))).toBe(0);
        expect(compareVersions(a, a)).toBe(0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("more distinct versions than are remembered are still read rightly", () => {
    const compiled = parseVersionConstraint("^1.5000.0");
    const versions = Array.from({ length: 10_000 }, (_, index) => `1.${index}.0`);
    expect(versions.filter((candidate) => satisfies(compiled, candidate))).toHaveLength(5000);
    expect(versions.filter((candidate) => satisfies(compiled, candidate))).toHaveLength(5000);
  });
});
