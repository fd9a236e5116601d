// Runs a dump as the agent does, of a real server into a folder, and opens what it stored with stock tools.
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AgentLine, DumpPlan, DumpResult, PostgresqlSource } from '../../src/api/agent.ts';
import { makeIdentity } from '../../src/archive/age/header.ts';
import { keepLog } from '../../src/archive/kept-log.ts';
import { runPlan } from '../../src/archive/run-plan.ts';
import { makeSigningPair } from '../../src/archive/signing/keys.ts';
import { createLog } from '../../src/telemetry/log.ts';

export const silent = createLog(() => undefined);

export type Repository = {
  directory: string;
  identityFile: string;
  stateIdentityFile: string;
  plan(source: PostgresqlSource): DumpPlan;
};

export const backupId = '20261122T020000Z-full-3f9a1c04';

// An empty repository with keys of its own.
export const makeRepository = async (directory: string): Promise<Repository> => {
  const { identity, recipient } = await makeIdentity();
  const state = await makeIdentity();
  const pair = makeSigningPair();
  const identityFile = `${directory}.identity`;
  await writeFile(identityFile, `${identity}\n`);
  const stateIdentityFile = `${directory}.state-identity`;
  await writeFile(stateIdentityFile, `${state.identity}\n`);
  await writeFile(`${directory}.state-recipient`, `${state.recipient}\n`);
  await writeFile(`${directory}.signing`, pair.privateKeyPem);
  return {
    directory,
    identityFile,
    stateIdentityFile,
    plan: (postgresql) => ({
      verb: 'dump',
      policy: { namespace: 'shop', name: 'shop' },
      clusterId: 'b0a9f3a2-8a55-4a53-9d0e-1f6f4a2f8f10',
      verificationKeys: [pair.verificationKey],
      backup: { id: backupId, type: 'Full', slot: '2026-11-22T02:00:00.000Z' },
      component: 'db',
      attempt: 1,
      tier: { name: 'local', location: { kind: 'directory', directory } },
      recipients: [recipient],
      signingKeyFile: `${directory}.signing`,
      stateRecipientFile: `${directory}.state-recipient`,
      deadlineSeconds: 300,
      postgresql,
    }),
  };
};

export type RunOptions = { signal?: AbortSignal; onLine?: (line: AgentLine) => void };

export const runDump = async (plan: DumpPlan, { signal, onLine }: RunOptions = {}): Promise<DumpResult> =>
  (await runPlan(plan, {
    log: silent,
    report: (line) => onLine?.(line),
    kept: keepLog(),
    signal: signal ?? new AbortController().signal,
  })) as DumpResult;

// Names of everything below a folder of the repository; none where it is missing.
export const filesIn = async (directory: string): Promise<string[]> =>
  (await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .toSorted();

const openScript = String.raw`
identity=$(age -d -i "$1" "$2"/keys/*/*.age)
cat "$2/data/$3/db/1/$4.zst.age."* | age -d -i <(printf '%s\n' "$identity") | zstd -dcq >"$5"`;

// Opens an artifact as somebody does who has nothing but the folder, a key, age and zstd.
export const openByHand = async ({ directory, identityFile }: Repository, artifact: string, into: string): Promise<void> => {
  await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', openScript, 'open', identityFile, directory, backupId, artifact, into]);
};
