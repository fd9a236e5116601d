// What can happen to the S3 service.
import type { Weather } from '../store-proxy.ts';
import type { Fault } from './fault.ts';

// Longer than an agent waits for one request.
const outageSeconds = 40;

const weather = (name: string, title: string, now: Weather, rest: Partial<Fault> = {}): Fault => ({
  name,
  title,
  reach: 'scene',
  inject: ({ proxy }) => proxy.weather(now),
  heal: ({ proxy }) => proxy.weather(undefined),
  ...rest,
});

const lost = ['Failed (RepositoryFailed)'];
const full = ['Failed (InsufficientSpace)'];

export const storeFaults: Fault[] = [
  weather('store-away', `S3 away for ${outageSeconds} s`, { kind: 'away' }, { lastsSeconds: outageSeconds }),
  weather(
    'store-gone',
    'S3 gone',
    { kind: 'away' },
    {
      ends: {
        start: lost,
        base: lost,
        logical: lost,
        between: lost,
        seal: lost,
        // The manifest is there, and nobody can see it: the Backup says that it is not known.
        sealed: lost,
        copy: ['Complete, copy lagging'],
        inspect: ['Complete, not read (StoreUnreadable)'],
      },
    },
  ),
  weather('store-slow', 'S3 slow (3 s a request)', { kind: 'slow', milliseconds: 3000 }, { lastsSeconds: 60 }),
  weather(
    'store-503',
    `S3 answers 503 for ${outageSeconds} s`,
    { kind: 'answer', status: 503, code: 'SlowDown' },
    { lastsSeconds: outageSeconds },
  ),
  weather('store-cut', 'S3 cuts every second body', { kind: 'cut' }, { lastsSeconds: 30 }),
  weather(
    'store-full',
    'S3 full',
    { kind: 'answer', status: 507, code: 'XMinioStorageFull', writesOnly: true },
    {
      ends: { start: full, base: full, logical: full, between: full, seal: full, copy: ['Complete, copy lagging'] },
    },
  ),
];
