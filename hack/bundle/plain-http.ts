// A plugin of esbuild.
import type { Plugin } from 'esbuild';

// Imported as an ES module, `node:http` has all its members looked at, and one of them is Node's own copy of undici: 16 MiB and 50 ms, for nobody.
// As an object it is no more than what is used of it.
export const plainHttp: Plugin = {
  name: 'plain-http',
  setup(bundling) {
    bundling.onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === 'import-statement' ? { path: 'node:http', namespace: 'plain' } : undefined,
    );
    bundling.onLoad({ filter: /^node:http$/, namespace: 'plain' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}');`,
    }));
  },
};
