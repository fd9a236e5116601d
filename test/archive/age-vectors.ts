// The test vectors of the age format (C2SP CCTV): a Go module of files. Fetched by the ordinary client into its cache, once.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { glob, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inflateSync } from 'node:zlib';
import { cacheDirectory } from '../stores/servers.ts';

const wanted = 'c2sp.org/CCTV/age@v0.0.0-20251208015420-e9274a7bdbfd';

export type Vector = {
  name: string;
  expect: string;
  identities: string[];
  hasPassphrase: boolean;
  isArmored: boolean;
  // SHA-256 of everything that may be released, in hexadecimal.
  payload: string | undefined;
  file: Buffer;
};

// Go of the system, or the one that hack/bootstrap has installed.
const findGo = async (): Promise<{ go: string; environment: NodeJS.ProcessEnv }> => {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    if (existsSync(join(folder, 'go'))) {
      return { go: join(folder, 'go'), environment: process.env };
    }
  }
  for await (const go of glob(join(cacheDirectory, 'go/lib/python3*/site-packages/go/bin/go'))) {
    return { go, environment: { ...process.env, GOPATH: join(cacheDirectory, 'go-path') } };
  }
  throw new Error('Go is missing. Run hack/bootstrap cluster test.');
};

const parse = (name: string, content: Buffer): Vector => {
  const end = content.indexOf('\n\n');
  const lines = content
    .subarray(0, end)
    .toString()
    .split('\n')
    .map((line) => /^([^:]+): (.*)$/.exec(line)?.slice(1) ?? []);
  const all = (key: string): string[] => lines.filter(([found]) => found === key).map(([, value]) => String(value));
  const rest = content.subarray(end + 2);
  return {
    name,
    expect: all('expect')[0] ?? '',
    identities: all('identity'),
    hasPassphrase: all('passphrase').length > 0,
    isArmored: all('armored').length > 0,
    payload: all('payload')[0],
    file: all('compressed')[0] === 'zlib' ? inflateSync(rest) : rest,
  };
};

export const readVectors = async (): Promise<Vector[]> => {
  const { go, environment } = await findGo();
  const { stdout } = await promisify(execFile)(go, ['mod', 'download', '-json', wanted], { cwd: '/', env: environment });
  const folder = join((JSON.parse(stdout) as { Dir: string }).Dir, 'testdata');
  const names = await readdir(folder);
  return Promise.all(names.map(async (name) => parse(name, await readFile(join(folder, name)))));
};
