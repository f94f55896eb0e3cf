/**
 * A rule of lint: every exported function says in JSDoc what it takes, a type for each parameter, so that tsc can hold its callers to it.
 */

/** @typedef {import("estree").Function} Fn */

/** The comment that stands right before a node. @param {import("eslint").SourceCode} source @param {import("estree").Node} node */
const commentOf = (source, node) => {
  const before = source.getCommentsBefore(node).at(-1);
  return before?.type === "Block" && before.value.startsWith("*") ? before.value : "";
};

/** Whether a comment types a function as a whole. @param {string} comment */
const isTyped = (comment) => /@type\s*\{/.test(comment);

/** @type {import("eslint").Rule.RuleModule} */
export const documented = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      missing: "{{name}} is exported: say in JSDoc what it does and the type of each parameter ({{given}} of {{wanted}} there).",
    },
  },
  create(context) {
    /** @param {import("estree").Node} node @param {string} name @param {Fn} fn */
    const check = (node, name, fn) => {
      const comment = commentOf(context.sourceCode, node);
      const given = comment.match(/@param\s*\{/g)?.length ?? 0;
      if (!comment || (given < fn.params.length && !isTyped(comment)))
        context.report({ node, messageId: "missing", data: { name, given: String(given), wanted: String(fn.params.length) } });
    };
    return {
      ExportNamedDeclaration(node) {
        const declared = node.declaration;
        if (declared?.type === "FunctionDeclaration") check(node, declared.id.name, declared);
        for (const one of declared?.type === "VariableDeclaration" ? declared.declarations : [])
          if (/^(Arrow)?Function/.test(one.init?.type ?? "")) check(node, /** @type {import("estree").Identifier} */ (one.id).name, /** @type {Fn} */ (one.init));
      },
    };
  },
};
