// How long coming back takes, as the status of a policy remembers it.
import test from 'ava';
import type { PolicyStatus } from '../../src/api/policy.ts';
import type { RestoreStatus } from '../../src/api/restore-status.ts';
import { rto } from '../../src/core/policy/rto.ts';
import type { RestoreFacts } from '../../src/core/policy/observed.ts';
import { makePolicy, observedPolicy } from './fixtures.ts';
import { condition, decide, message } from './policy-cases.ts';

const restored = (
  name: string,
  day: number,
  seconds: number,
  facts: Partial<RestoreFacts> = {},
  status: RestoreStatus = {},
): RestoreFacts => ({
  name,
  undo: false,
  status: {
    phase: 'Complete',
    endTime: `2026-11-${day}T02:00:00Z`,
    rto: { objectiveSeconds: 14_400, measuredSeconds: seconds },
    ...status,
  },
  ...facts,
});
const roll = (restores: RestoreFacts[], known?: PolicyStatus['rto'], objectives: object = {}) =>
  rto(observedPolicy({ policy: makePolicy({ objectives }, known === undefined ? {} : { rto: known }), restores }));

test('nobody has restored yet: the objective alone is known, and there is no verdict', (t) => {
  t.deepEqual(roll([]), { status: { objectiveSeconds: 14_400 } });
  t.deepEqual(roll([], undefined, { rto: '30m' }).status, { objectiveSeconds: 1800 });
  t.is(condition(decide(), 'RTOMet'), undefined);
});

test('the newest Restore of everything counts', (t) => {
  const { status, condition: verdict } = roll([restored('a', 20, 900), restored('c', 22, 480.5), restored('b', 21, 5)]);
  t.deepEqual(status, { objectiveSeconds: 14_400, lastSeconds: 480.5, lastTime: '2026-11-22T02:00:00Z', restore: 'c' });
  t.like(verdict, { type: 'RTOMet', status: 'True', reason: 'WithinObjective' });
  t.is(roll([restored('all', 22, 7, { components: ['stock', 'db'] })]).status.restore, 'all');
});

test('what does not count: an undo, some components, one that failed, runs, or was not measured', (t) => {
  const others = [
    restored('undo', 22, 1, { undo: true }),
    restored('part', 22, 1, { components: ['db'] }),
    restored('failed', 22, 1, {}, { phase: 'Failed' }),
    restored('unmeasured', 22, 1, {}, { rto: { objectiveSeconds: 14_400 } }),
    { ...restored('runs', 22, 1), status: { phase: 'Running' as const } },
  ];
  t.deepEqual(roll(others).status, { objectiveSeconds: 14_400 });
  t.is(roll([...others, restored('whole', 20, 60)]).status.restore, 'whole');
});

test('what was measured outlives its Restore, and is measured against the objective of today', (t) => {
  const known = { objectiveSeconds: 14_400, lastSeconds: 900, lastTime: '2026-11-21T02:00:00Z', restore: 'gone' };
  t.deepEqual(roll([], known).status, known);
  t.is(roll([restored('older', 20, 5)], known).status.restore, 'gone');
  t.is(roll([restored('newer', 22, 5)], known).status.restore, 'newer');
  const { status, condition: verdict } = roll([], known, { rto: '10m' });
  t.is(status.objectiveSeconds, 600);
  t.like(verdict, { status: 'False', reason: 'RTOExceeded' });
  t.regex(verdict?.message ?? '', /gone, took 900 s; the objective is 10m\. Its status\.phases/);
});

test('a policy says it among its conditions', (t) => {
  const decision = decide({ restores: [restored('a', 21, 20_000)] });
  t.is(condition(decision, 'RTOMet'), 'False RTOExceeded');
  t.regex(message(decision, 'RTOMet'), /took 20000 s; the objective is 4h/);
  t.like(decision.status.rto, { lastSeconds: 20_000, restore: 'a' });
});
