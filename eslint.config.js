import globals from "globals";

export default [
  { ignores: ["node_modules/**", ".venv/**"] },
  {
    files: ["assets/**/*.js"],
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    rules: { "no-undef": "error", "no-unused-vars": "error" },
  },
];
