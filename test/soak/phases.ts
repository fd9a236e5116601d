// The phases of a Backup, and the request at which the proxy holds a run in each of them.
import { hasManifest, hasRecord } from './passing.ts';
import type { Passing } from './passing.ts';

export type PhaseName = 'start' | 'base' | 'logical' | 'between' | 'seal' | 'sealed' | 'copy' | 'inspect';

export type Phase = {
  name: PhaseName;
  // For people.
  title: string;
  // Whose Job is at work then.
  verb: 'dump' | 'seal' | 'copy' | 'inspect';
  // What is dumped: a whole server, a database that takes many parts, or a small one.
  dumps: 'server' | 'large' | 'small';
  // Tiers of the policy.
  tiers: 1 | 2;
  // The requests that are held. `tier`: of the further tier. Undefined: the pod itself is kept from starting.
  held?: { tier?: 'second'; matches: (passing: Passing) => boolean };
};

export const phases: Phase[] = [
  { name: 'start', title: 'waiting for its pod to start', verb: 'dump', dumps: 'small', tiers: 1 },
  {
    name: 'base',
    title: 'dump: physical copy on its way',
    verb: 'dump',
    dumps: 'server',
    tiers: 1,
    held: { matches: ({ isWrite, method, key }) => isWrite && method === 'PUT' && key.includes('/base.tar.zst.age.') },
  },
  {
    name: 'logical',
    title: 'dump: database on its way',
    verb: 'dump',
    dumps: 'large',
    tiers: 1,
    held: { matches: ({ method, key }) => method === 'PUT' && key.includes('.dump.zst.age.') },
  },
  {
    name: 'between',
    title: 'dumped, nothing read for the seal yet',
    verb: 'seal',
    dumps: 'small',
    tiers: 1,
    held: { matches: ({ history, from }) => hasRecord(history) && !history.dumpers.has(from) },
  },
  {
    name: 'seal',
    title: 'seal: manifest on its way',
    verb: 'seal',
    dumps: 'small',
    tiers: 1,
    held: { matches: ({ method, key }) => method === 'PUT' && key.startsWith('manifests/') },
  },
  {
    name: 'sealed',
    title: 'seal: manifest stored, not read back yet',
    verb: 'seal',
    dumps: 'small',
    tiers: 1,
    held: {
      matches: ({ method, isList, key, history }) => method === 'GET' && !isList && key.startsWith('manifests/') && hasManifest(history),
    },
  },
  {
    name: 'copy',
    title: 'copy: data on its way to the second tier',
    verb: 'copy',
    dumps: 'small',
    tiers: 2,
    held: { tier: 'second', matches: ({ method, key }) => method === 'PUT' && key.startsWith('data/') },
  },
  {
    name: 'inspect',
    title: 'inspect: the catalogue is being listed',
    verb: 'inspect',
    dumps: 'small',
    tiers: 1,
    held: { matches: ({ isList, history, from }) => isList && hasManifest(history) && !history.sealers.has(from) },
  },
];
