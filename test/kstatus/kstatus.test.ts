// What Flux, Argo CD and `helm --wait` make of our objects: the real kstatus library judges every state that decisions can write.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { phases } from '../../src/api/run-status.ts';
import type { Phase } from '../../src/api/run-status.ts';
import { everyCase } from './objects.ts';
import type { Kept } from './objects.ts';

const program = join(import.meta.dirname, '../../.cluster/bin/kstatus');

const judge = (objects: Kept[]): { status: string; message: string }[] => {
  if (!existsSync(program)) {
    throw new Error('The program kstatus is missing. Run `hack/bootstrap test` first.');
  }
  const { status, stdout, stderr } = spawnSync(program, {
    input: objects.map((object) => `${JSON.stringify(object)}\n`).join(''),
    encoding: 'utf8',
  });
  if (status !== 0) {
    throw new Error(`kstatus: ${stderr}`);
  }
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => ({ status: line.slice(0, line.indexOf(' ')), message: line.slice(line.indexOf(' ') + 1) }));
};

// What only a person can mend: nothing that waits may wait for it.
const forAPerson = new Set([
  'PolicyMissing',
  'ComponentMissing',
  'NoWalArchive',
  'AgentImageMissing',
  'InvalidRecipient',
  'InvalidKey',
  'InvalidSchedule',
  'InvalidObjectives',
]);

const byPhase: Record<Phase, string> = {
  Pending: 'InProgress',
  Running: 'InProgress',
  Verifying: 'InProgress',
  Complete: 'Current',
  PartiallyFailed: 'Failed',
  Failed: 'Failed',
};

// Told from phase and reason alone, never from the conditions that kstatus reads.
const expected = ({ kind, metadata, status = {} }: Kept): string => {
  if (metadata.deletionTimestamp !== undefined) {
    return 'Terminating';
  }
  if (status.observedGeneration !== metadata.generation) {
    return 'InProgress';
  }
  const reason = status.conditions?.find(({ type }) => type === 'Ready')?.reason ?? '';
  if (forAPerson.has(reason)) {
    return 'Failed';
  }
  if (kind === 'BackupPolicy') {
    return 'Current';
  }
  return byPhase[('phase' in status ? status.phase : undefined) ?? 'Pending'];
};

const objects = everyCase();

test('the cases hold every phase and every way to wait for a person', (t) => {
  const seen = new Set(objects.map(({ status = {} }) => ('phase' in status ? status.phase : undefined)));
  t.deepEqual(
    phases.filter((phase) => !seen.has(phase)),
    [],
  );
  const reasons = new Set(objects.flatMap(({ status }) => status?.conditions?.map(({ reason }) => reason) ?? []));
  const other = [
    'Armed',
    'Suspended',
    'Queued',
    'Running',
    'Sealing',
    'Checking',
    'Complete',
    'Archiving',
    'Archived',
    'PolicyDeleted',
    'AllSealed',
    'CopyPending',
    'CopyLagging',
  ];
  t.deepEqual(
    [...forAPerson, ...other].filter((reason) => reason !== 'InvalidObjectives' && !reasons.has(reason)),
    [],
  );
  t.true(objects.length > 30, `${objects.length}`);
});

test('kstatus says of each what it is', (t) => {
  const verdicts = judge(objects);
  t.is(verdicts.length, objects.length);
  objects.forEach((object, at) => {
    t.is(verdicts[at]?.status, expected(object), `${JSON.stringify(object.metadata)} ${JSON.stringify(object.status, undefined, 1)}`);
  });
  t.deepEqual(
    [...new Set(verdicts.map(({ status }) => status))].toSorted((a, b) => a.localeCompare(b)),
    ['Current', 'Failed', 'InProgress', 'Terminating'],
  );
});

test('what kstatus shows of a failure is our message, with what to do', (t) => {
  const verdicts = judge(objects);
  objects.forEach((object, at) => {
    if (verdicts[at]?.status === 'Failed') {
      t.is(verdicts[at].message, JSON.stringify(object.status?.conditions?.find(({ type }) => type === 'Stalled')?.message));
    }
  });
});
