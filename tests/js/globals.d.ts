/** What the page's own modules, Gradio's scripts and tests set on `window`; see main.js. For tsc alone: nothing loads this file. */
interface Window {
  hypviz: Record<string, unknown>;
  hypvizExplorer?: { goTo(query: { row: number }): Promise<void> };
  hypvizAnnotator?: { openData(data: string, image?: number, key?: string | null): Promise<void>; follow(): void };
  /** Opens other data or another checkpoint; null keeps the present one, and two of them only make the pickers read their lists anew. */
  hypvizOpen?: (data: string | null, checkpoint: string | null) => void;
  /** What the offline page lets tests and the console ask. */
  hypvizOffline?: unknown;
  hypvizPublished?: unknown;
  hypvizReach?: unknown;
  /** plotly.js, which the page loads before its modules. */
  Plotly: import("../../assets/disk/plotly.js").Plotly;
}

/** What the tests use of node, in its own words: its types as a whole would give every script of the page names that no browser has. */
declare module "node:test" {
  type Work = () => unknown;
  interface Test {
    (name: string, work: Work): void;
    only(name: string, work: Work): void;
  }
  export const test: Test, it: Test, describe: Test;
  export function afterEach(work: Work): void;
  export default test;
}
declare module "node:assert/strict" {
  type Expected = RegExp | Record<string, unknown>;
  const assert: {
    ok(value: unknown, message?: string): asserts value;
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    match(text: string, pattern: RegExp): void;
    throws(work: () => unknown, expected: Expected): void;
    rejects(promise: Promise<unknown>, expected: Expected): Promise<void>;
    fail(message: string): never;
  };
  export default assert;
}
declare module "node:zlib" {
  export function crc32(bytes: Uint8Array): number;
}
declare const Buffer: { from(content: ArrayLike<number> | string, encoding?: "latin1"): Uint8Array<ArrayBuffer> & { toString(encoding: "base64" | "latin1"): string } };
