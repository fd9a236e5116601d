// What Flux, Argo CD and `helm --wait` make of Restores: the real kstatus library judges every state on the way of good and of failed ones.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import type { Restore } from '../../src/api/objects.ts';
import { restorePhases } from '../../src/api/restore-status.ts';
import type { RestorePhase } from '../../src/api/restore-status.ts';
import { findCondition } from '../../src/core/plan/conditions.ts';
import { inPlaceSpec, makeRestore, restoreWorld, settle } from '../core/restore-world.ts';
import type { Fate } from '../core/restore-world.ts';

const program = join(import.meta.dirname, '../../.cluster/bin/kstatus');

// Each state once, by what stands in it.
const statesOf = (spec: object, fateOf: (job: string) => Fate): Restore[] => {
  const world = restoreWorld(makeRestore(spec));
  const seen = new Map<string, Restore>();
  for (let round = 0; round < 60; round += 1) {
    settle(world, fateOf, 1);
    const now = world.restore();
    if (now !== undefined) {
      seen.set(JSON.stringify([now.status?.phase, now.status?.stage, findCondition(now.status?.conditions, 'Succeeded')?.reason]), now);
    }
  }
  return [...seen.values()];
};

const only =
  (word: string, fate: Fate) =>
  (job: string): Fate =>
    job.includes(word) ? fate : 'succeeds';

const restores = [
  // As the API server makes it.
  makeRestore(inPlaceSpec, {}, { observedGeneration: -1 }),
  ...statesOf(inPlaceSpec, () => 'succeeds'),
  ...statesOf({ ...inPlaceSpec, requireApproval: true }, () => 'succeeds'),
  ...statesOf(inPlaceSpec, only('restore-', 'fails for good')),
  ...statesOf(inPlaceSpec, only('check-', 'fails for good')),
  ...statesOf(inPlaceSpec, (job) => (job.includes('restore-') || job.includes('undo-') ? 'fails for good' : 'succeeds')),
  ...statesOf({ ...inPlaceSpec, confirmation: 'shop/other' }, () => 'succeeds'),
];

const byPhase: Record<RestorePhase, string> = {
  Pending: 'InProgress',
  Planning: 'InProgress',
  // It waits for a person: who waits for it must not wait for ever.
  AwaitingApproval: 'Failed',
  Running: 'InProgress',
  Verifying: 'InProgress',
  RollingBack: 'InProgress',
  Complete: 'Current',
  Failed: 'Failed',
};

const expected = ({ status, metadata }: Restore): string =>
  status?.observedGeneration !== metadata.generation
    ? 'InProgress'
    : findCondition(status.conditions, 'Ready')?.reason === 'RollbackFailed'
      ? 'Failed'
      : byPhase[status.phase ?? 'Pending'];

test('kstatus says of every state of a Restore what it is, and shows our words for each failure', (t) => {
  const { status, stdout, stderr } = spawnSync(program, {
    input: restores.map((object) => `${JSON.stringify(object)}\n`).join(''),
    encoding: 'utf8',
  });
  t.is(status, 0, stderr);
  const verdicts = stdout.trimEnd().split('\n');
  t.is(verdicts.length, restores.length);
  for (const [at, restore] of restores.entries()) {
    const [word = '', ...message] = verdicts[at]?.split(' ') ?? [];
    t.is(word, expected(restore), JSON.stringify(restore.status, undefined, 1));
    if (word === 'Failed') {
      t.is(message.join(' '), JSON.stringify(findCondition(restore.status?.conditions, 'Stalled')?.message));
    }
  }
  const phases = new Set(restores.map((restore) => restore.status?.phase));
  t.deepEqual(
    restorePhases.filter((phase) => phase !== 'Pending' && !phases.has(phase)),
    [],
  );
});
