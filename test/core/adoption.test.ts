// Decisions on a BackupPolicy whose repository somebody wants to take over.
import test from 'ava';
import type { PolicyStatus } from '../../src/api/policy.ts';
import type { JobFacts, JobState } from '../../src/core/jobs/facts.ts';
import { makeJob, makePolicy, start } from './fixtures.ts';
import { decide, ended, minute } from './policy-cases.ts';

const asked = (request: string | undefined, status: PolicyStatus = {}) => {
  const policy = makePolicy({}, status);
  const annotations = request === undefined ? {} : { annotations: { 'holdfast.dev/take-over': request } };
  return { ...policy, metadata: { ...policy.metadata, ...annotations } };
};
const jobsMade = (decision: ReturnType<typeof decide>) =>
  decision.actions.flatMap((action) => (action.type === 'createJob' && action.job.verb === 'adopt' ? [action.job] : []));
const jobFor = (name: string, state: JobState): JobFacts => makeJob({ name, verb: 'adopt', tier: 'local', attempt: 1, state });

test('without being asked nothing is taken over', (t) => {
  t.deepEqual(jobsMade(decide({ policy: asked(undefined) })), []);
  t.is(decide({ policy: asked(undefined) }).status.adoption, undefined);
  t.deepEqual(jobsMade(decide({ policy: asked('') })), []);
});

test('one Job for each asking, whose end stays in the status', (t) => {
  const first = decide({ policy: asked('a') });
  const [job] = jobsMade(first);
  t.like(job, { verb: 'adopt', attempt: 1, owner: 'BackupPolicy', tier: 'local' });
  t.deepEqual(first.status.adoption, { request: 'a', state: 'Running' });
  const name = job?.name ?? '';

  const running = decide({ policy: asked('a', first.status), jobs: [jobFor(name, { type: 'Running' })] });
  t.deepEqual([jobsMade(running), running.status.adoption?.state], [[], 'Running']);
  const done = decide({
    policy: asked('a', first.status),
    jobs: [jobFor(name, ended({ verb: 'adopt', outcome: 'Succeeded', epoch: 2, tiers: 2 }))],
  });
  t.deepEqual(done.status.adoption, { request: 'a', state: 'Done', epoch: 2 });
  // The Job goes away in time; it is not made again, and not forgotten.
  const later = decide({ policy: asked('a', done.status) });
  t.deepEqual([jobsMade(later), later.status.adoption], [[], done.status.adoption]);
  t.deepEqual(decide({ policy: asked(undefined, done.status) }).status.adoption, done.status.adoption);
  // Asked anew.
  const again = jobsMade(decide({ policy: asked('b', done.status) }));
  t.is(again.length, 1);
  t.not(again[0]?.name, name);
});

test('what fails or vanishes is said, and not tried again by itself', (t) => {
  const first = decide({ policy: asked('a') });
  const name = jobsMade(first)[0]?.name ?? '';
  const refused = ended({ verb: 'adopt', outcome: 'Failed', code: 'WriterReplaced', message: 'somebody else', category: 'Repository' });
  for (const [jobs, message] of [
    [[jobFor(name, refused)], /^WriterReplaced: somebody else/],
    [[jobFor(name, ended())], /left no result/],
    [[], /Job is gone/],
  ] as const) {
    const failed = decide({ policy: asked('a', first.status), jobs: [...jobs] });
    t.like(failed.status.adoption, { request: 'a', state: 'Failed' });
    t.regex(failed.status.adoption?.message ?? '', message);
    t.deepEqual(jobsMade(decide({ policy: asked('a', failed.status) })), []);
  }
});

test('after a take-over every tier is read', (t) => {
  const name = jobsMade(decide({ policy: asked('a') }))[0]?.name ?? '';
  const read = { measuredTime: start, backups: 0, refused: 0, entries: [] };
  const jobs = [jobFor(name, ended({ verb: 'adopt', outcome: 'Succeeded', epoch: 2 }, start + minute))];
  const decision = decide({ policy: asked('a'), jobs, catalogue: { local: read, cloud: read }, now: start + 2 * minute });
  t.deepEqual(
    decision.actions.flatMap((action) => (action.type === 'createJob' && action.job.verb === 'inspect' ? [action.job.tier] : [])),
    ['local', 'cloud'],
  );
});
