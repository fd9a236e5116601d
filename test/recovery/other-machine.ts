// Another machine: Debian with PostgreSQL, age, zstd and tar, without Kubernetes. The plugin runs there as its users run it, from its bundle.
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from '../commands/capture.ts';
import { runToEnd } from '../run-to-end.ts';
import type { Outcome } from '../run-to-end.ts';

export type Machine = {
  // As root, or as the ordinary user 65532.
  run(who: 'root' | 'user', args: string[], environment?: Record<string, string>): Promise<Outcome>;
  shell: typeof machineShell;
};

const toolbox = (who: 'root' | 'user', command: string[]): Promise<Outcome> =>
  runToEnd(join(root, 'hack/toolbox'), ['run', ...(who === 'user' ? ['--as-holdfast'] : []), ...command], {
    environment: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    directory: root,
  });

// A shell command there, as the ordinary user. There is no Node on that machine.
export const machineShell = (script: string): Promise<Outcome> => toolbox('user', ['sh', '-euc', script]);

const banner =
  "import { createRequire as r } from 'node:module'; import { dirname as d } from 'node:path'; import { fileURLToPath as p } from 'node:url'; const require = r(import.meta.url); const __filename = p(import.meta.url); const __dirname = d(__filename);";

// `directory`: below /tmp, which the machine shares with this one.
export const makeMachine = async (directory: string): Promise<Machine> => {
  const folder = join(directory, 'machine');
  await mkdir(folder);
  await build({
    entryPoints: [join(root, 'src/cli.ts')],
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    outExtension: { '.js': '.mjs' },
    banner: { js: banner },
    external: ['pg-native'],
    logLevel: 'error',
  });
  const node = join(folder, 'node');
  await copyFile(process.execPath, node);
  // Node needs one library that a small Debian does not have.
  const { stdout } = await runToEnd('sh', ['-c', 'ldd "$0" | awk \'/libatomic/ {print $3}\'', node], {
    environment: process.env,
    directory: '/',
  });
  await copyFile(stdout.trim(), join(folder, 'libatomic.so.1'));
  return {
    run: (who, args, environment = {}) =>
      toolbox(who, [
        'env',
        `LD_LIBRARY_PATH=${folder}`,
        ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
        node,
        join(folder, 'cli.mjs'),
        ...args,
      ]),
    shell: machineShell,
  };
};
