// A repository in a folder, made by the archive itself: dumps of a tiny source, sealed and signed.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DumpPlan, SealPlan, TierPlan, VerificationKey } from '../../src/api/agent.ts';
import { makeIdentity } from '../../src/archive/age/header.ts';
import type { AgentContext } from '../../src/archive/context.ts';
import { dump } from '../../src/archive/dump.ts';
import { seal } from '../../src/archive/seal.ts';
import { makeSigningPair } from '../../src/archive/signing/keys.ts';
import type { EngineRun } from '../../src/engines/engine.ts';
import { openStore } from '../../src/stores/open.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => silent };

const context = (time: string): AgentContext => ({
  log: silent,
  report: () => {},
  signal: new AbortController().signal,
  now: () => new Date(time),
  openStore,
  step: (_name, work) => work(),
});

// A source that holds one small document.
const tinySource = (restorableTo: string): EngineRun => ({
  preflight: () => Promise.resolve({}),
  async *artifacts() {},
  finish: () =>
    Promise.resolve({
      facts: { versions: { postgresql: '17.6' }, restorableTo },
      documents: [{ name: 'facts.json', content: Buffer.from('{"rows": 3}'), state: false }],
    }),
  close: () => Promise.resolve(),
});

export type Signing = { privateKeyPem: string; verificationKey: VerificationKey };
export type Repository = {
  directory: string;
  signing: Signing;
  keysFile: string;
  add: (slot: string, components: string[]) => Promise<string>;
};

// In a folder of its own, or in a bucket.
export const makeRepository = async (
  signing: Signing = makeSigningPair(),
  bucket?: Extract<TierPlan['location'], { kind: 's3' }>,
): Promise<Repository> => {
  const folder = temporaryFolder('repository');
  const directory = join(folder, 'shop/shop');
  const signingKeyFile = join(folder, 'signing.key');
  const keysFile = join(folder, 'verification-keys.yaml');
  await mkdir(directory, { recursive: true });
  await writeFile(signingKeyFile, signing.privateKeyPem);
  await writeFile(keysFile, `verificationKeys:\n  - id: ${signing.verificationKey.id}\n    key: ${signing.verificationKey.key}\n`);
  const { recipient } = await makeIdentity();
  const tier: TierPlan = { name: 'local', location: bucket ?? { kind: 'directory', directory } };
  const base = {
    policy: { namespace: 'shop', name: 'shop' },
    clusterId: 'test',
    verificationKeys: [signing.verificationKey],
    tier,
    signingKeyFile,
  };

  const add = async (slot: string, components: string[]): Promise<string> => {
    const backup = { id: `${slot.replaceAll(/[-:]/g, '')}-full-3f9a1c04`, type: 'Full' as const, slot };
    for (const component of components) {
      const plan: DumpPlan = { ...base, verb: 'dump', backup, component, attempt: 1, recipients: [recipient], deadlineSeconds: 60 };
      await dump(plan, tinySource(slot.replace('00Z', '03Z')), context(slot));
    }
    const plan: SealPlan = { ...base, verb: 'seal', backup, components: components.map((name) => ({ name, attempt: 1 })), failed: [] };
    await seal(plan, context(slot));
    return backup.id;
  };
  return { directory, signing, keysFile, add };
};
