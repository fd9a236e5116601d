// The commands of the README by which people restore. They are run as they stand there, so that they stay true.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../cluster/kubectl.ts';

const sections = { plugin: /^## Restoring without the cluster$([^]*?)^## /m, hand: /^## Restoring by hand$([^]*?)^## /m };
const block = /^```sh\n([^]*?)^```$/gm;

// The one block of a section which holds all these words, and not the other one.
const commands = (words: string[], without?: string, section = sections.hand): string => {
  const text = section.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
  const found = [...text.matchAll(block)]
    .map(([, script = '']) => script)
    .filter((script) => words.every((word) => script.includes(word)) && (without === undefined || !script.includes(without)));
  const [script] = found;
  if (script === undefined || found.length > 1) {
    throw new Error(`A section of README.md has ${found.length} blocks of commands with ${words.join(' and ')}; there must be one.`);
  }
  return script;
};

// On any machine, into /tmp/restored.
export const restoreWithPlugin = (): string => commands(['plan restore', '--to /tmp/restored'], undefined, sections.plugin);

// Each of them works in a folder with bucket/ and identity.txt, on the newest backup, and leaves a server in restored/.
export const restoreDumps = (): string => commands(['globals.sql', 'pg_restore']);
export const restoreCopy = (): string => commands(['base.tar', 'pg_ctl']);

// These look at the server, stop it, and remove it.
export const endDumps = (): string => commands(['invariants', 'rm -rf restored'], 'pg_amcheck');
export const endCopy = (): string => commands(['invariants', 'pg_amcheck', 'rm -rf restored']);

// On the machine of the cluster: whose backup is it?
export const checkSignature = (): string => commands(['docs/verify-signature.sh']);
