// A request on its way through the proxy: whose it is, of which object, and what had been stored under its prefix by then.
import type { IncomingMessage } from 'node:http';

export type Passing = {
  method: string;
  // `matrix/<phase>`: two parts, as the policies of the matrix have them.
  prefix: string;
  // Below the prefix. Of a list: the prefix that is listed.
  key: string;
  isList: boolean;
  isWrite: boolean;
  // Address of the pod.
  from: string;
  history: History;
};

// What happened under one prefix since somebody began to look.
export type History = {
  stored: string[];
  // Pods that asked for something before the record of a component was stored.
  dumpers: Set<string>;
  // The same before a manifest was stored, and the pod that stored it.
  sealers: Set<string>;
};

export type Histories = {
  of: (prefix: string) => History;
  forget: (prefix: string) => void;
  remember: (passing: Passing, status: number) => void;
};

export const hasRecord = ({ stored }: History): boolean => stored.some((key) => key.endsWith('/component.json'));
export const hasManifest = ({ stored }: History): boolean => stored.some((key) => key.startsWith('manifests/'));

export const createHistories = (): Histories => {
  const known = new Map<string, History>();
  const of = (prefix: string): History => {
    const found = known.get(prefix) ?? { stored: [], dumpers: new Set(), sealers: new Set() };
    known.set(prefix, found);
    return found;
  };
  return {
    of,
    forget: (prefix) => known.delete(prefix),
    remember({ prefix, key, method, isWrite, from }, status) {
      const history = of(prefix);
      if (!hasRecord(history)) {
        history.dumpers.add(from);
      }
      if (!hasManifest(history)) {
        history.sealers.add(from);
      }
      // The end of an upload of parts is a POST; the parts themselves are no objects yet.
      if (isWrite && status < 300 && (method === 'PUT' || method === 'POST')) {
        history.stored.push(key);
      }
    },
  };
};

export const describeRequest = ({ method = '', url = '', socket }: IncomingMessage, histories: Histories): Passing => {
  const { pathname, searchParams } = new URL(url, 'https://proxy');
  const isList = searchParams.has('list-type');
  const [, , ...path] = decodeURIComponent(pathname).split('/');
  const parts = isList ? (searchParams.get('prefix') ?? '').split('/') : path;
  const prefix = parts.slice(0, 2).join('/');
  return {
    method,
    prefix,
    key: parts.slice(2).join('/'),
    isList,
    isWrite: method === 'PUT' || method === 'POST',
    from: socket.remoteAddress ?? '',
    history: histories.of(prefix),
  };
};
