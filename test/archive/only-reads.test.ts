// A repository that another cluster writes, in a bucket: whatever an agent of this one is asked to do there, not a byte of it changes.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { AgentPlan, AgentResult, AuditPlan, EntryLine, InspectPlan, TierPlan } from '../../src/api/agent.ts';
import { adopt } from '../../src/archive/adopt.ts';
import { keepLog } from '../../src/archive/kept-log.ts';
import { runPlan } from '../../src/archive/run-plan.ts';
import { makeSigningPair } from '../../src/archive/signing/keys.ts';
import type { EngineRun } from '../../src/engines/engine.ts';
import { openStore } from '../../src/stores/open.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { digestsBelow } from '../e2e/support/files.ts';
import { startVersitygw } from '../stores/servers.ts';
import { fakeEngine } from './fake-engine.ts';
import { backupId, makePolicy, watched } from './repository.ts';

type Ran = { result: AgentResult; entries: EntryLine[] };

const run = async (plan: AgentPlan, engine: EngineRun = fakeEngine()): Promise<Ran> => {
  const entries: EntryLine[] = [];
  const kept = keepLog();
  const result = await runPlan(plan, {
    log: createLog((line) => kept.add(line)),
    kept,
    signal: new AbortController().signal,
    parts: { openStore, engineFor: () => Promise.resolve(engine) },
    report: (line) => void (line.kind === 'entry' && entries.push(line)),
  });
  return { result, entries };
};
const mustRun = async (plan: AgentPlan): Promise<void> => {
  const { result } = await run(plan);
  if (result.outcome !== 'Succeeded') {
    throw new Error(JSON.stringify(result));
  }
};
const withoutSource: EngineRun = {
  ...fakeEngine(),
  preflight: async (): Promise<never> => {
    throw new Error('unknown.invalid cannot be found');
  },
};

// Enough that an inspection of the writer makes a snapshot.
const backups = Array.from({ length: 9 }, (_, index) => backupId(index + 1));
const record: AuditPlan['record'] = {
  restore: { namespace: 'new', name: 'back', uid: '3f9a1c04-1111-2222-3333-444444444444', createdTime: '2026-11-22T01:59:00Z' },
  policy: 'back',
  safetyBackup: 'Skip',
  verifiedBefore: true,
  components: [{ name: 'db', target: 'a new claim', overwrites: 'nothing', backups: ['b1'], outcome: 'Verified' }],
  stopped: [],
  outcome: 'Complete',
  endTime: '2026-11-22T02:09:00Z',
};

test('inspections, records of restores and runs of another cluster change no byte of the bucket; after it has taken over, the first one does not', async (t) => {
  t.timeout(120_000);
  const server = await startVersitygw();
  t.teardown(() => server.stop());
  const old = await makePolicy();
  t.teardown(() => rm(old.directory, { recursive: true, force: true }));
  const tier: TierPlan = { name: 'cloud', location: server.location('shop/shop') };
  const bytes = () => digestsBelow(server.dataDirectory);
  for (const id of backups) {
    await mustRun(old.dumpPlan(id, { tier }));
    await mustRun(old.sealPlan(id, { tier }));
  }

  const pair = makeSigningPair();
  const signingKeyFile = join(old.directory, 'new-signing.key');
  await writeFile(signingKeyFile, pair.privateKeyPem);
  const reads = { namespace: 'shop', name: 'shop' };
  const own = {
    policy: { namespace: 'new', name: 'back' },
    clusterId: 'cluster-b',
    verificationKeys: [old.verificationKey, pair.verificationKey],
    tier,
  };
  const verification = { mostBytes: 1e9, mostSeconds: 60, intervalSeconds: 3600, readBack: false };
  const inspection = (more: Partial<InspectPlan> = {}): InspectPlan => ({
    ...own,
    verb: 'inspect',
    reads,
    verification: { ...verification, signingKeyFile },
    ...more,
  });
  const auditPlan: AuditPlan = { ...own, verb: 'audit', attempt: 1, signingKeyFile, record };

  const before = bytes();
  const { result, entries } = await run(inspection());
  t.like(result, { outcome: 'Succeeded', backups: 9, refused: 0, writer: { clusterId: 'cluster-a', ours: false } });
  t.is(entries.filter(({ verdict }) => verdict === 'Passed').length, 9);
  t.like(await run(inspection({ thorough: true })), { result: { outcome: 'Succeeded', backups: 9 } });
  t.like(await run(inspection({ backupId: backups[3] ?? '' })), { result: { backups: 1, refused: 0 } });
  const { reads: _, ...stranger } = inspection();
  t.like(await run(stranger), { result: { backups: 0, refused: 9 } }, 'who was not made to read it does not take it for its own');
  t.like(await run(auditPlan), { result: { outcome: 'Succeeded', written: false } });
  const next = backupId(20);
  for (const [plan, engine, code] of [
    [old.dumpPlan(next, { ...own, signingKeyFile }), fakeEngine(), 'WriterReplaced'],
    [old.dumpPlan(next, { ...own, signingKeyFile }), withoutSource, 'InternalError'],
    [old.sealPlan(next, { ...own, signingKeyFile }), fakeEngine(), 'WriterReplaced'],
    [old.copyPlan(backups[0] ?? '', { ...own, from: tier, to: tier }), fakeEngine(), 'WriterReplaced'],
  ] as const) {
    t.like(await run(plan, engine), { result: { outcome: 'Failed', code } }, plan.verb);
  }
  t.deepEqual(bytes(), before);

  // The same by the writer leaves marks, a snapshot, a record and logs: what did not change could have.
  await mustRun({
    ...inspection(),
    policy: reads,
    clusterId: 'cluster-a',
    verification: { ...verification, signingKeyFile: old.signingKeyFile },
    verificationKeys: [old.verificationKey],
  });
  t.like(await run({ ...auditPlan, policy: reads, clusterId: 'cluster-a', signingKeyFile: old.signingKeyFile }), {
    result: { written: true },
  });
  await run(old.dumpPlan(next, { tier }), withoutSource);
  const written = Object.keys(bytes()).filter((path) => before[path] === undefined);
  for (const part of ['/marks/', '/catalog/', '/audit/', `/logs/${next}/`]) {
    t.true(
      written.some((path) => path.includes(part)),
      part,
    );
  }

  await adopt({ ...own, verb: 'adopt', tiers: [tier], signingKeyFile }, watched());
  const taken = bytes();
  // The first cluster, brought back, does not know the new key.
  const oldInspection: InspectPlan = {
    ...old.inspectPlan({ tier }),
    verification: { ...verification, intervalSeconds: 0, signingKeyFile: old.signingKeyFile },
  };
  t.like(await run(oldInspection), {
    result: { outcome: 'Succeeded', damaged: { objects: 1, first: [{ key: 'writers/00000002.json', code: 'SignerUnknown' }] } },
  });
  for (const plan of [old.dumpPlan(next, { tier, attempt: 2 }), old.sealPlan(next, { tier })]) {
    t.like(await run(plan), { result: { outcome: 'Failed', code: 'WriterUnknown' } }, plan.verb);
  }
  t.like(
    await run({
      ...auditPlan,
      policy: reads,
      clusterId: 'cluster-a',
      verificationKeys: [old.verificationKey],
      signingKeyFile: old.signingKeyFile,
      record: { ...record, endTime: '2026-11-22T03:09:00Z' },
    }),
    { result: { outcome: 'Failed', code: 'WriterUnknown' } },
  );
  t.deepEqual(bytes(), taken);
  await mustRun(inspection());
  t.like(await run(old.dumpPlan(next, { ...own, signingKeyFile, attempt: 3 })), { result: { outcome: 'Succeeded' } });
});
