// Decisions carried out in a cluster in memory: whatever happens to Jobs, and wherever the operator dies, runs end, and end with the truth.
import test from 'ava';
import * as fc from 'fast-check';
import type { BackupStatus } from '../../src/api/backup.ts';
import { annotation } from '../../src/api/group.ts';
import type { Backup } from '../../src/api/objects.ts';
import { isSame } from '../../src/kube/merge-patch.ts';
import { everyName, logNames, names, openJobs, step, surviving, take } from './moves.ts';
import { attemptsOf, createWorld } from './world.ts';
import type { World } from './world.ts';

const started = (world: World): Backup[] =>
  [...world.backups.values()].filter(({ status }) => status?.startTime !== undefined && status.endTime === undefined);

// A plain error lets fast-check shrink the steps and show them.
const hold = (fact: boolean, message: string): void => {
  if (!fact) {
    throw new Error(message);
  }
};

// Nothing of a Log is in the store under its name; that it proved something, each of its components says with a place.
const safeLog = (name: string, status: BackupStatus = {}): void => {
  const { phase, backupId, tiers, components = [] } = status;
  hold(backupId === undefined && tiers === undefined, `${name} claims to be in the store`);
  const proven = components.filter(
    ({ outcome, storedLsn, timeline }) => outcome === 'Succeeded' && storedLsn !== undefined && timeline !== undefined,
  );
  hold(proven.length === components.filter(({ outcome }) => outcome === 'Succeeded').length, `${name}: success without a place`);
  hold(phase !== 'Complete' || proven.length === 2, `${name} is Complete, and not all of it is proven`);
  hold(phase !== 'PartiallyFailed' || proven.length === 1, `${name} failed in part, and says otherwise of its components`);
  hold(phase !== 'Failed' || proven.length === 0, `${name} is Failed, and something is proven`);
};

const safe = (world: World): void => {
  const lanes = Object.groupBy(started(world), ({ spec }) => (spec.type === 'Log' ? 'logs' : 'backups'));
  hold((lanes.backups ?? []).length <= 1 && (lanes.logs ?? []).length <= 1, 'two runs of one lane at the same time');
  const dumps = [...world.jobs.values()].filter(
    ({ verb, state, ownerUid }) =>
      verb === 'dump' && state.type !== 'Ended' && started(world).some(({ metadata }) => ownerUid === metadata.uid),
  );
  hold(dumps.length <= 2, 'more Jobs than parallelism allows');
  for (const { metadata, spec, status } of world.backups.values()) {
    if (spec.type === 'Log') {
      safeLog(metadata.name, status);
      continue;
    }
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
      const world = createWorld(names, {}, logNames);
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
      const world = createWorld([], { full: { cron: '0 */4 * * *' }, log: { cron: '*/30 * * * *' } });
      world.reconcilePolicy();
      const made = new Map<string, Made>();
      for (const move of steps) {
        take(world, move);
        safe(world);
        for (const [name, { metadata, spec, status }] of world.backups) {
          const isLate = metadata.annotations?.[annotation.late] !== undefined;
          made.set(name, { isLog: spec.type === 'Log', isLate, hasEnded: status?.endTime !== undefined });
        }
      }
      surviving(() => world.reconcilePolicy());
      const { successRate, logSuccessRate, next = [] } = world.policyStatus() ?? {};
      const all = [...made.values()];
      // A Backup whose status was lost counts once its policy is looked at again, and it was looked at just now.
      adds(
        successRate,
        all.filter(({ isLog }) => !isLog),
      );
      adds(
        logSuccessRate,
        all.filter(({ isLog }) => isLog),
      );
      const ended = all.filter(({ isLog, isLate, hasEnded }) => isLog && !isLate && hasEnded).length;
      const counted = (logSuccessRate?.succeeded ?? 0) + (logSuccessRate?.failed ?? 0);
      hold(counted === ended, `${ended} Log runs in time have ended, ${counted} are counted`);
      hold(next.length === 2 && next.every(({ time }) => Date.parse(time) > world.now()), 'a next slot is past');
    }),
    { numRuns: Number(process.env['ROUNDS'] ?? 200), includeErrorInReport: true },
  );
  t.pass();
});

type Made = { isLog: boolean; isLate: boolean; hasEnded: boolean };

const adds = (rate: { scheduled: number; missed: number } | undefined, made: Made[]): void => {
  const inTime = made.filter(({ isLate }) => !isLate).length;
  const { scheduled = 0, missed = 0 } = rate ?? {};
  hold(scheduled === inTime + missed, `${scheduled} slots, ${inTime} runs in time, ${missed} missed, of ${made.length} runs`);
};
