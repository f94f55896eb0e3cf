/** Our own rules of lint find what they are for. */
import { RuleTester } from "eslint";
import { describe, it } from "node:test";

import { documented } from "./rules/documented.js";
import { readable } from "./rules/readable.js";

Object.assign(RuleTester, { describe, it, itOnly: it.only });
const tester = new RuleTester({ languageOptions: { ecmaVersion: 2024, sourceType: "module" } });

tester.run("documented", documented, {
  valid: [
    "function own(a) {}",
    "/** Adds. @param {number} a @param {number} b */\nexport function add(a, b) {}",
    "/** @type {(a: number) => number} */\nexport const same = (a) => a;",
    "export const NAME = 1;",
  ],
  invalid: [
    { code: "export function add(a) {}", errors: [{ messageId: "missing" }] },
    { code: "/** Adds. @param {number} a */\nexport const add = (a, b) => a + b;", errors: [{ messageId: "missing" }] },
    { code: "// @param {number} a\nexport const same = (a) => a;", errors: [{ messageId: "missing" }] },
  ],
});

tester.run("readable", readable, {
  valid: ['import { a } from "./a.js";', 'import * as a from "../a.js";', "export const a = 1;", "export class A {}"],
  invalid: [
    'import "./a.js";', 'import a from "./a.js";', 'import { a } from "package";', "export default 1;", 'export * from "./a.js";',
    "const a = 1;\nexport { a };", "export let a = 1;", "export const a = 1, b = 2;", "export const { a } = {};",
  ].map((code) => ({ code, errors: [{ messageId: "form" }] })),
});
