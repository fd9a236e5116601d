// What is decided is carried out: in which order, and what is written after a failure.
import test from 'ava';
import { act } from '../../src/controllers/act.ts';
import { createCaches } from '../../src/controllers/caches.ts';
import type { OperatorContext } from '../../src/controllers/context.ts';
import { createJob } from '../../src/core/jobs/request.ts';
import type { JobRequest } from '../../src/core/jobs/request.ts';
import { KubeError } from '../../src/kube/errors.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { running } from '../core/backup-cases.ts';
import { makeBackup, makePolicy, start } from '../core/fixtures.ts';
import { run } from './job-cases.ts';
import { nowhere } from './nowhere.ts';

const quiet = createLog(() => undefined);
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
const job = (component: string): JobRequest => ({
  name: component,
  verb: 'dump',
  attempt: 1,
  owner: 'Backup',
  tier: 'local',
  backup: run,
  component,
});

// An operator that starts the first Job of a run. The API server answers when told to.
const starting = () => {
  const asked: string[] = [];
  const [finalizer, created] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const client = {
    ...nowhere,
    async patch(_resource: unknown, _ref: unknown, change: object, options: { resourceVersion?: string; subresource?: string }) {
      asked.push(`${options.subresource ?? Object.keys(change).join()} on ${options.resourceVersion}`);
      await (options.subresource === undefined ? finalizer.promise : undefined);
      return makeBackup(running(), { resourceVersion: '8' });
    },
    async create(_resource: unknown, object: object) {
      asked.push((object as { kind: string }).kind);
      await created.promise;
      return object;
    },
  } as unknown as OperatorContext['client'];
  const context = {
    client,
    caches: createCaches(nowhere, quiet),
    events: { record: () => undefined },
    log: quiet,
    now: () => start,
    agentImages: new Map([[17, 'registry/agent-17:1']]),
    clusterId: 'cluster-uid',
  } as unknown as OperatorContext;
  const backup = makeBackup(running(), { resourceVersion: '7' });
  const decision = {
    actions: [createJob(job('db')), { type: 'addFinalizer' as const }],
    status: running({ phase: 'Running' }),
  };
  return { asked, finalizer, created, acting: act(context, backup, makePolicy(), decision) };
};

test('the finalizer and the first Job are made at the same time; then the status is written on the new version', async (t) => {
  const { asked, finalizer, created, acting } = starting();
  await turn();
  t.deepEqual(asked, ['Job', 'metadata on 7']);
  created.resolve();
  await turn();
  t.is(asked.length, 2, 'not before both are there');
  finalizer.resolve();
  await acting;
  t.deepEqual(asked.slice(2), ['status on 8']);
});

test('where one of two fails the other one ends first, and no status is written', async (t) => {
  const { asked, finalizer, created, acting } = starting();
  let ended = false;
  const outcome = t.throwsAsync(acting.finally(() => (ended = true)));
  finalizer.reject(new KubeError({ status: 409, reason: 'Conflict', message: 'changed meanwhile' }));
  await turn();
  t.false(ended);
  created.resolve();
  t.like(await outcome, { reason: 'Conflict' });
  t.deepEqual(asked, ['Job', 'metadata on 7']);
});
