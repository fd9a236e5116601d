// Which Restore goes first, what those that wait are told, and how one ends whose claim never was there.
import test from 'ava';
import { decideRestore } from '../../src/core/restore/decide.ts';
import { findCondition } from '../../src/core/plan/conditions.ts';
import { isoTime } from '../../src/core/plan/time.ts';
import { start } from './fixtures.ts';
import { observed } from './restore-observed.ts';
import { inPlaceSpec, makeRestore } from './restore-world.ts';

const behindAnother = (spec: object) => {
  const rivals = [{ name: 'aaa', createdTime: start - 1000, started: false }];
  return findCondition(decideRestore({ ...observed(makeRestore(spec)), rivals }).status.conditions, 'Succeeded')?.reason;
};

test('two that stop something go one after the other, whatever they restore into; one that stops nothing waits for nobody', (t) => {
  const { source, quiesce } = inPlaceSpec;
  const intoVolume = { source, components: [{ name: 'db', target: { volume: { size: '4Gi' } } }] };
  t.deepEqual(
    [behindAnother(inPlaceSpec), behindAnother({ ...intoVolume, quiesce }), behindAnother(intoVolume)],
    ['Queued', 'Queued', 'Restoring'],
  );
});

const saidBehind = (rival: object): string => {
  const rivals = [
    { name: 'aaa', createdTime: start - 2000, started: false },
    { name: 'runs', createdTime: start - 1000, started: true, ...rival },
  ];
  const { status } = decideRestore({ ...observed(makeRestore(inPlaceSpec)), rivals });
  return findCondition(status.conditions, 'Succeeded')?.message ?? '';
};

test('who waits is told for whom, and how to go on: the one that runs, or the one that waits for an approval', (t) => {
  t.is(saidBehind({}), 'Restore "runs" goes first. Where it is not wanted: kubectl delete restore runs -n shop');
  t.regex(saidBehind({ waitsForApproval: true }), /It waits for an approval: kubectl holdfast approve restore\/runs -n shop\./);
});

test('a claim that never got a volume: nothing can have been written, so nothing has to be brought back, and it ends', (t) => {
  const components = [{ name: 'db', kind: 'inPlace' as const, claimName: 'data-postgres-0', outcome: 'Failed' as const, begun: true }];
  const restore = makeRestore(inPlaceSpec, {}, { stage: 'Restoring', startTime: isoTime(start), components });
  const stageWith = (claim: object) => {
    const { status } = decideRestore({ ...observed(restore), claims: [{ name: 'data-postgres-0', uid: 'c', ...claim }] });
    return status.stage ?? status.phase;
  };
  t.deepEqual([stageWith({}), stageWith({ unbound: true })], ['UndoQuiescing', 'Failed']);
});
