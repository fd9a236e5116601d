// Decisions carried out in a cluster in memory: whatever happens to Jobs, and wherever the operator dies, runs end, and end with the truth.
import test from 'ava';
import * as fc from 'fast-check';
import { annotation } from '../../src/api/group.ts';
import { isSame } from '../../src/kube/merge-patch.ts';
import { everyName, names, openJobs, step, surviving, take } from './moves.ts';
import { attemptsOf, createWorld } from './world.ts';
import type { World } from './world.ts';

const started = (world: World): string[] =>
  [...world.backups.values()]
    .filter(({ status }) => status?.backupId !== undefined && status.endTime === undefined)
    .map(({ metadata }) => metadata.name);

// A plain error lets fast-check shrink the steps and show them.
const hold = (fact: boolean, message: string): void => {
  if (!fact) {
    throw new Error(message);
  }
};

const safe = (world: World): void => {
  hold(started(world).length <= 1, 'two runs of one policy at the same time');
  const dumps = [...world.jobs.values()].filter(
    ({ verb, state, ownerUid }) =>
      verb === 'dump' && state.type !== 'Ended' && started(world).some((name) => ownerUid === `uid of ${name}`),
  );
  hold(dumps.length <= 2, 'more Jobs than parallelism allows');
  for (const { metadata, status } of world.backups.values()) {
    const manifest = world.stores['local']?.get(status?.backupId ?? '');
    if (status?.phase === 'Complete' || status?.phase === 'PartiallyFailed') {
      const wanted = (status.components ?? []).flatMap(({ name, outcome, attempt = 0 }) =>
        outcome === 'Succeeded' ? [{ name, attempt }] : [],
      );
      hold(
        manifest !== undefined && manifest.attempts === attemptsOf(wanted),
        `${metadata.name} is ${status.phase}, and the store does not hold that`,
      );
      hold((status.phase === 'Complete') === (manifest?.failed.length === 0), `${metadata.name}: the phase does not say what failed`);
    }
    if (status?.phase === 'Failed' && manifest !== undefined) {
      const message = status.conditions?.find(({ type }) => type === 'Succeeded')?.message ?? '';
      hold(message.includes('not known'), `${metadata.name} is Failed, and the store holds it`);
    }
    hold(
      status?.tiers?.[1]?.state !== 'Sealed' || world.stores['cloud']?.has(status.backupId ?? '') === true,
      'a copy is shown that is not there',
    );
  }
};

// From here on all goes well; time passes.
const calmDown = (world: World): void => {
  for (let round = 0; round < 200; round += 1) {
    everyName(world).forEach((name) => world.reconcile(name));
    world.reconcilePolicy();
    openJobs(world).forEach((name) => world.finish(name, 'succeeds'));
    world.pass(round % 10 === 0 ? 3_700_000 : 60_000);
  }
};

test('runs end with the truth, whatever happens on the way', (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 90, size: 'max' }), (steps) => {
      const world = createWorld(names);
      for (const move of steps) {
        take(world, move);
        safe(world);
      }
      calmDown(world);
      safe(world);
      for (const [name, { status }] of world.backups) {
        hold(status?.endTime !== undefined, `${name} has not ended`);
        const decision = world.decideFor(name);
        hold(decision.actions.length === 0, `${name} has ended and there is still something to do`);
        hold(isSame(decision.status, status ?? {}), `${name} has ended and its status moves`);
        if (status?.tiers?.[0]?.state === 'Sealed') {
          hold(world.stores['cloud']?.has(status.backupId ?? '') === true, `${name} was not copied`);
          hold(status.tiers[1]?.state === 'Sealed', `${name} does not show its copy`);
        }
      }
      const policy = world.decideForPolicy();
      hold(policy.actions.length === 0, 'the policy has still something to do');
      hold(isSame(policy.status, world.policyStatus() ?? {}), 'the status of the policy moves');
    }),
    { numRuns: Number(process.env['ROUNDS'] ?? 400), includeErrorInReport: true },
  );
  t.pass();
});

test('slots get one run or count as missed, whatever happens on the way', (t) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), (steps) => {
      const world = createWorld([], { full: { cron: '0 */4 * * *' } });
      world.reconcilePolicy();
      const made = new Map<string, string>();
      for (const move of steps) {
        take(world, move);
        safe(world);
        for (const [name, { metadata }] of world.backups) {
          made.set(name, metadata.annotations?.[annotation.late] ?? 'in time');
        }
      }
      surviving(() => world.reconcilePolicy());
      const { successRate, next } = world.policyStatus() ?? {};
      const counted = (successRate?.days ?? []).reduce((sum, { scheduled }) => sum + scheduled, 0);
      const inTime = [...made.values()].filter((late) => late === 'in time').length;
      const missed = successRate?.missed ?? 0;
      const late = made.size - inTime;
      // A Backup whose status was lost counts once its policy is looked at again, and it was looked at just now.
      hold(counted === inTime + missed, `${counted} slots, ${inTime} runs in time, ${missed} missed (${late} late runs)`);
      hold(Date.parse(next?.[0]?.time ?? '') > world.now(), 'the next slot is past');
    }),
    { numRuns: Number(process.env['ROUNDS'] ?? 200), includeErrorInReport: true },
  );
  t.pass();
});
