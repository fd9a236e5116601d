// What `kubectl describe` shows of a Restore and of its policy: every refusal and every failure, once.
import test from 'ava';
import type { Restore } from '../../src/api/objects.ts';
import { tell, tellOfChanges } from '../../src/controllers/tell.ts';
import type { OperatorContext } from '../../src/controllers/context.ts';
import { inPlaceSpec, makeRestore, onlyDb, restoreWorld, undoSpec } from '../core/restore-world.ts';
import type { Fate, RestoreWorld } from '../core/restore-world.ts';

type Recorded = { regarding: { kind: string; name: string }; type: string; reason: string; action: string; message: string };

const recorder = () => {
  const recorded: Recorded[] = [];
  const events = { record: (event: Recorded) => void recorded.push(event) } as unknown as OperatorContext['events'];
  return { recorded, context: { events } };
};

// Goes on until nothing moves, and is told of each change of the status as the operator would be.
const play = (world: RestoreWorld, fateOf: (job: string) => Fate = () => 'succeeds'): Recorded[] => {
  const { recorded, context } = recorder();
  for (let round = 0; round < 100; round += 1) {
    const before = world.restore() as Restore;
    const decision = world.reconcile();
    tellOfChanges(context, before, onlyDb, decision?.status.conditions);
    world.running().forEach((name) => world.finish(name, fateOf(name)));
    world.pass(10_000);
  }
  return recorded;
};
const brief = (recorded: Recorded[]): string[] => recorded.map(({ regarding, type, reason }) => `${regarding.kind} ${type} ${reason}`);

const refusals: [string, object][] = [
  ['ConfirmationMismatch', { ...inPlaceSpec, confirmation: 'shop/other' }],
  ['ComponentMissing', { ...inPlaceSpec, components: [{ name: 'mail', target: { inPlace: { claimName: 'data-postgres-0' } } }] }],
  ['ConfigurationFailed', { ...inPlaceSpec, source: { ...inPlaceSpec.source, tier: 'moon' } }],
  ['NothingToUndo', undoSpec],
  ['WorkloadMissing', { ...inPlaceSpec, quiesce: { workloads: [{ kind: 'Deployment', name: 'nobody' }] } }],
  [
    'ClaimExists',
    { source: inPlaceSpec.source, components: [{ name: 'db', target: { volume: { claimName: 'data-postgres-0', size: '1Gi' } } }] },
  ],
];
for (const [reason, spec] of refusals) {
  test(`a refusal is told at the Restore and at its policy: ${reason}`, (t) => {
    const recorded = play(restoreWorld(makeRestore(spec)));
    t.deepEqual(brief(recorded), [`Restore Warning ${reason}`, `BackupPolicy Warning ${reason}`]);
    t.regex(recorded[1]?.message ?? '', /^Restore back: ./);
    t.is(recorded[1]?.action, 'Restore');
  });
}

test('a failure is told when the old state is back, at both', (t) => {
  const told = brief(play(restoreWorld(makeRestore(inPlaceSpec)), (job) => (job.includes('-restore-') ? 'fails for good' : 'succeeds')));
  t.deepEqual(
    told.filter((text) => text.includes('Warning')),
    ['Restore Warning WALGap', 'BackupPolicy Warning WALGap'],
  );
  t.true(told.indexOf('Restore Normal RollingBack') < told.indexOf('Restore Warning WALGap'), told.join(', '));
});

test('one that waits for an approval says so; one that ends well warns nobody', (t) => {
  t.true(brief(play(restoreWorld(makeRestore({ ...inPlaceSpec, requireApproval: true })))).includes('Restore Warning ApprovalRequired'));
  const well = brief(play(restoreWorld(makeRestore(inPlaceSpec))));
  t.deepEqual(
    well.filter((text) => text.includes('Warning') || text.includes('BackupPolicy')),
    [],
  );
  t.true(well.includes('Restore Normal Restored'), well.join(', '));
});

test('a record that could not be left is told at the Restore', (t) => {
  const { recorded, context } = recorder();
  tell(context, makeRestore(inPlaceSpec), { reason: 'AuditFailed', message: 'no record' });
  t.like(recorded[0], { type: 'Warning', reason: 'AuditFailed', action: 'Restore', regarding: { kind: 'Restore', name: 'back' } });
});
