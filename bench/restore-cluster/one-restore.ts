// One Restore, from the moment it is applied to its end, and how long it took to the first byte.
import { setTimeout as pause } from 'node:timers/promises';
import { apiVersion } from '../../src/api/group.ts';
import type { Restore } from '../../src/api/objects.ts';
import { kubectl, kubectlWith, policy } from './kubectl.ts';

const pollMilliseconds = 250;
const limitMilliseconds = 1_800_000;

export type Seen = { seconds: number; firstByteSeconds?: number; phases: { name: string; seconds: number }[] };

const read = async (name: string): Promise<Restore> => JSON.parse(await kubectl('get', 'restore', name, '-o', 'json')) as Restore;

// The first progress of the fetch, by the agent's clock, which is this machine's.
const firstByte = async (name: string): Promise<number | undefined> => {
  const log = await kubectl('logs', '-l', `holdfast.dev/restore=${name},holdfast.dev/verb=recover`, '-c', 'agent', '--tail=-1');
  const line = log.split('\n').find((text) => text.includes('"kind":"progress"') && text.includes('"phase":"fetch"'));
  return line === undefined ? undefined : Date.parse((JSON.parse(line) as { time: string }).time);
};

export const oneRestore = async (name: string, spec: object): Promise<Seen> => {
  const restore = { apiVersion, kind: 'Restore', metadata: { name }, spec: { ...spec } };
  const begun = Date.now();
  await kubectlWith(JSON.stringify(restore), 'create', '-f', '-');
  for (;;) {
    const { status } = await read(name);
    if (status?.endTime !== undefined) {
      const seconds = (Date.now() - begun) / 1000;
      if (status.phase !== 'Complete') {
        throw new Error(`${name} ended ${status.phase}: ${status.conditions?.find(({ type }) => type === 'Succeeded')?.message}`);
      }
      const first = await firstByte(name);
      return { seconds, phases: status.phases ?? [], ...(first === undefined ? {} : { firstByteSeconds: (first - begun) / 1000 }) };
    }
    if (Date.now() - begun > limitMilliseconds) {
      throw new Error(`${name} did not end`);
    }
    await pause(pollMilliseconds);
  }
};

const source = { policyRef: { name: policy }, tier: 'cloud', latest: true, identitySecretRef: { name: 'bench-identity' } };
const runAs = { user: 65_532, group: 65_532 };

export const intoNewClaim = (name: string): Promise<Seen> =>
  oneRestore(name, { source, components: [{ name: 'db', target: { volume: { size: '8Gi', runAs } } }] });

export const inPlace = (name: string): Promise<Seen> =>
  oneRestore(name, {
    source,
    components: [{ name: 'db', target: { inPlace: { claimName: 'data-postgres-0' } } }],
    confirmation: `shop/${policy}`,
  });

export const undo = (name: string, of: string): Promise<Seen> =>
  oneRestore(name, { source: { policyRef: { name: policy }, restoreRef: { name: of } }, confirmation: `shop/${policy}` });

export const remove = async (name: string): Promise<void> => {
  await kubectl('delete', 'restore', name, '--wait=false');
  await kubectl('delete', 'pvc', `${name}-db`, '--ignore-not-found', '--wait=false');
};
