// A policy for tests: its keys, its folder, its plans, and what an agent is given to run them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentLine, CopyPlan, DumpPlan, InspectPlan, SealPlan, TierPlan, VerificationKey } from '../../src/api/agent.ts';
import { makeIdentity } from '../../src/archive/age/header.ts';
import type { AgeIdentity } from '../../src/archive/age/header.ts';
import type { AgentContext } from '../../src/archive/context.ts';
import { copy } from '../../src/archive/copy.ts';
import { dump } from '../../src/archive/dump.ts';
import type { EngineRun } from '../../src/engines/engine.ts';
import { inspect } from '../../src/archive/inspect.ts';
import { seal } from '../../src/archive/seal.ts';
import { makeSigningPair } from '../../src/archive/signing/keys.ts';
import { stepClock } from '../../src/archive/steps.ts';
import { openDirectory } from '../../src/stores/directory.ts';
import { openStore } from '../../src/stores/open.ts';
import type { Store } from '../../src/stores/store.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { fakeEngine } from './fake-engine.ts';

export type Policy = {
  directory: string;
  // A folder of one tier.
  tier: (name: string) => TierPlan;
  store: (tier?: string) => Store;
  identity: AgeIdentity;
  stateIdentity: AgeIdentity;
  signingKeyFile: string;
  verificationKey: VerificationKey;
  dumpPlan: (id: string, changes?: Partial<DumpPlan>) => DumpPlan;
  sealPlan: (id: string, changes?: Partial<SealPlan>) => SealPlan;
  copyPlan: (id: string, changes?: Partial<CopyPlan>) => CopyPlan;
  inspectPlan: (changes?: Partial<InspectPlan>) => InspectPlan;
};

const firstSlot = Date.parse('2026-11-22T02:00:00Z');
export const backupId = (index: number): string =>
  `${new Date(firstSlot + index * 3_600_000).toISOString().replace(/[-:]|\.\d+/g, '')}-full-${String(index).padStart(8, '0')}`;

const backup = (id: string) => ({ id, type: 'Full' as const, slot: '2026-11-22T02:00:00Z' });

export const makePolicy = async (changes: { clusterId?: string; name?: string } = {}): Promise<Policy> => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-archive-'));
  const [identity, stateIdentity, pair] = [await makeIdentity(), await makeIdentity(), makeSigningPair()];
  const signingKeyFile = join(directory, 'signing.key');
  await writeFile(signingKeyFile, pair.privateKeyPem);
  await writeFile(join(directory, 'state'), `${stateIdentity.recipient}\n`);
  const tier = (name: string): TierPlan => ({ name, location: { kind: 'directory', directory: join(directory, name) } });
  const base = {
    policy: { namespace: 'shop', name: changes.name ?? 'shop' },
    clusterId: changes.clusterId ?? 'cluster-a',
    verificationKeys: [pair.verificationKey],
  };
  return {
    directory,
    tier,
    store: (name = 'local') => openDirectory({ kind: 'directory', directory: join(directory, name) }),
    identity,
    stateIdentity,
    signingKeyFile,
    verificationKey: pair.verificationKey,
    dumpPlan: (id, more = {}) => ({
      ...base,
      verb: 'dump',
      backup: backup(id),
      component: 'db',
      attempt: 1,
      tier: tier('local'),
      recipients: [identity.recipient],
      signingKeyFile,
      stateRecipientFile: join(directory, 'state'),
      deadlineSeconds: 600,
      ...more,
    }),
    sealPlan: (id, more = {}) => ({
      ...base,
      verb: 'seal',
      backup: backup(id),
      tier: tier('local'),
      signingKeyFile,
      components: [{ name: 'db', attempt: 1 }],
      failed: [],
      ...more,
    }),
    copyPlan: (id, more = {}) => ({ ...base, verb: 'copy', backup: backup(id), from: tier('local'), to: tier('cloud'), ...more }),
    inspectPlan: (more = {}) => ({ ...base, verb: 'inspect', tier: tier('local'), ...more }),
  };
};

// The same policy, with its keys, and everything else empty.
export const inFolder = async (policy: Policy, name: string): Promise<Policy> => {
  const directory = join(policy.directory, name);
  await mkdir(directory);
  const tier = (which: string): TierPlan => ({ name: which, location: { kind: 'directory', directory: join(directory, which) } });
  return {
    ...policy,
    directory,
    tier,
    store: (which = 'local') => openDirectory({ kind: 'directory', directory: join(directory, which) }),
    dumpPlan: (id, more = {}) => policy.dumpPlan(id, { tier: tier('local'), ...more }),
    sealPlan: (id, more = {}) => policy.sealPlan(id, { tier: tier('local'), ...more }),
    copyPlan: (id, more = {}) => policy.copyPlan(id, { from: tier('local'), to: tier('cloud'), ...more }),
    inspectPlan: (more = {}) => policy.inspectPlan({ tier: tier('local'), ...more }),
  };
};

export type Watched = AgentContext & { lines: AgentLine[]; logged: string[] };

// What a verb is given. `wrap` may stand between the verb and every store that it opens.
export const watched = (wrap: (store: Store) => Store = (store) => store, signal = new AbortController().signal): Watched => {
  const lines: AgentLine[] = [];
  const logged: string[] = [];
  const log = createLog((line) => logged.push(line), {}, 'debug');
  return {
    log,
    lines,
    logged,
    report: (line) => lines.push(line),
    signal,
    now: () => new Date(),
    openStore: async (location) => wrap(await openStore(location)),
    step: stepClock(log, () => performance.now() / 1000).step,
  };
};

// One backup, dumped and sealed.
export const backUp = async (policy: Policy, id: string, engine: EngineRun = fakeEngine(), attempt = 1): Promise<void> => {
  await dump(policy.dumpPlan(id, { attempt }), engine, watched());
  await seal(policy.sealPlan(id, { components: [{ name: 'db', attempt }] }), watched());
};

export const copied = (policy: Policy, id: string, context = watched()) => copy(policy.copyPlan(id), context);

export type Verdict = { backupId: string; verdict: string; code?: string };

// What inspect says of a tier.
export const verdicts = async (policy: Policy, tier = 'local', context = watched()): Promise<Verdict[]> => {
  await inspect(policy.inspectPlan({ tier: policy.tier(tier) }), context);
  return context.lines.flatMap((line) =>
    line.kind === 'entry'
      ? [{ backupId: line.backupId, verdict: line.verdict, ...(line.code === undefined ? {} : { code: line.code }) }]
      : [],
  );
};

// Every file of a tier with its content.
export const filesOf = (policy: Policy, tier = 'local'): Map<string, Buffer> => {
  const root = join(policy.directory, tier);
  const found = new Map<string, Buffer>();
  for (const entry of !existsSync(root) ? [] : readdirSync(root, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      found.set(path.slice(root.length + 1), readFileSync(path));
    }
  }
  return found;
};
