// The plugin as somebody at a terminal uses it: a terminal of its own, in which what is typed answers what was asked.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { root } from '../../cluster/kubectl.ts';

export type Typed = { code: number; shown: string };

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const plugin = [process.execPath, join(root, 'src/cli.ts')];
const kubeconfig = join(root, '.cluster/kubeconfig');

// `answers`: to be typed, each once its question has been shown.
export const atTerminal = (
  args: string[],
  answers: { asked: RegExp; typed: string }[],
  environment: Record<string, string> = {},
): Promise<Typed> =>
  new Promise((resolve, reject) => {
    const command = [...plugin, ...args, '--kubeconfig', kubeconfig].map(quoted).join(' ');
    const child = spawn('script', ['--quiet', '--return', '--flush', '--command', command, '/dev/null'], {
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], TERM: 'xterm', ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const left = [...answers];
    let shown = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      shown += text;
      if (left[0]?.asked.test(withoutColours(shown)) === true) {
        child.stdin.write(`${left.shift()?.typed}\n`);
      }
    });
    child.stdin.on('error', () => undefined);
    child.once('error', reject);
    child.once('close', (code) => {
      child.stdin.end();
      resolve({ code: code ?? -1, shown });
    });
  });

// Without colours and movements.
export const withoutColours = (shown: string): string => stripVTControlCharacters(shown).replaceAll('\r\n', '\n');
