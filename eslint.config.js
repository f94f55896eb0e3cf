/**
 * Rules for the page's scripts: few, and each for a reason that is written beside it.
 */
import globals from "globals";

import { documented } from "./tests/js/rules/documented.js";
import { readable } from "./tests/js/rules/readable.js";

const rules = {
  "no-undef": "error", // a name that was renamed or not imported is found here, not by a person who clicks
  "no-unused-vars": "error", // as is what nobody needs any more
  "no-shadow-restricted-names": "error",
  "no-cond-assign": "error",
  "no-dupe-keys": "error",
  "no-unreachable": "error",
  "no-self-assign": "error",
  "no-fallthrough": "error",
  "no-const-assign": "error",
  "no-import-assign": "error",
  "no-this-before-super": "error",
  "constructor-super": "error",
  "use-isnan": "error",
  "valid-typeof": "error",
  eqeqeq: "error", // null and undefined are told apart on purpose
  "prefer-const": ["error", { destructuring: "all" }], // what changes is seen at its declaration
  "no-var": "error",
  "no-eval": "error",
  "no-implied-eval": "error", // the page's policy forbids little of it, for plotly needs some: we do not
  "no-restricted-properties": [
    "error",
    { property: "outerHTML", message: "Names and labels are texts of strangers: make nodes with el()." },
    { object: "document", property: "write", message: "Make nodes with el()." },
  ],
  "no-restricted-syntax": [
    "error",
    { selector: "CallExpression[callee.property.name='insertAdjacentHTML']", message: "Names and labels are texts of strangers: make nodes with el()." },
  ],
  "max-lines-per-function": ["error", { max: 60 }], // a function is read in one look
};

export default [
  { ignores: ["node_modules/**", "build/**", ".venv/**"] },
  {
    files: ["assets/**/*.js"],
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    plugins: { hypviz: { rules: { documented, readable } } },
    rules: { ...rules, "hypviz/documented": "error", "hypviz/readable": "error" },
  },
  {
    files: ["tests/js/**/*.js", "eslint.config.js"],
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: { ...globals.node } },
    rules,
  },
];
