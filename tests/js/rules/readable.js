/**
 * A rule of lint: imports and exports keep to the forms that hypviz/server/bundle.py reads, which writes modules into one file without a
 * parser: named imports, a whole module under a name, and `export` before a function, a class or a const.
 */
const FORMS = "see hypviz/server/bundle.py for the forms that can be written into one file";

/** @type {import("eslint").Rule.RuleModule} */
export const readable = {
  meta: { type: "problem", schema: [], messages: { form: `{{what}}; ${FORMS}.` } },
  create(context) {
    /** @param {import("estree").Node} node @param {string} what */
    const tell = (node, what) => context.report({ node, messageId: "form", data: { what } });
    return {
      ImportDeclaration(node) {
        if (!node.specifiers.length) tell(node, "An import for its effect alone");
        if (node.specifiers.some((one) => one.type === "ImportDefaultSpecifier")) tell(node, "A default import");
        if (!String(node.source.value).startsWith(".")) tell(node, "An import of a package: the page needs none");
      },
      ExportDefaultDeclaration: (node) => tell(node, "A default export"),
      ExportAllDeclaration: (node) => tell(node, "A re-export"),
      ExportNamedDeclaration(node) {
        if (!node.declaration) tell(node, "A list of exports");
        else if (node.declaration.type === "VariableDeclaration" && (node.declaration.kind !== "const" || node.declaration.declarations.length > 1))
          tell(node, "An exported variable that can change, or several at once");
        else if (node.declaration.type === "VariableDeclaration" && node.declaration.declarations[0].id.type !== "Identifier")
          tell(node, "An exported pattern");
      },
    };
  },
};
