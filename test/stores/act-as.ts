// A process of its own that uses a store: as another user, or to be killed. Its argument is JSON: {location, user?, group?, umask?, steps}.
// It prints one line of JSON for each step, with its result or the code of its error.
import { readFileSync } from 'node:fs';
import { openDirectory } from '../../src/stores/directory.ts';
import { StoreError } from '../../src/stores/errors.ts';
import { openS3 } from '../../src/stores/s3.ts';
import type { Store, StoreLocation } from '../../src/stores/store.ts';

export type Step =
  | { do: 'put'; key: string; text: string }
  | { do: 'get'; key: string }
  | { do: 'head'; key: string }
  | { do: 'list'; prefix: string }
  // Writes so many MiB and then waits to be killed.
  | { do: 'hang'; key: string; mebibytes: number }
  | { do: 'upload'; key: string; mebibytes: number }
  // Streams one object into another, as `copy` does.
  | { do: 'pipe'; from: string; to: string };

export type Act = { location: StoreLocation; user?: number; group?: number; umask?: number; steps: Step[] };

const mebibyte = Buffer.alloc(1024 ** 2, 'holdfast');

const perform = async (store: Store, step: Step): Promise<unknown> => {
  switch (step.do) {
    case 'put':
      return store.put(step.key, Buffer.from(step.text));
    case 'get':
      return String(await store.get(step.key, 1024 ** 2));
    case 'head':
      return (await store.head(step.key)) ?? 'missing';
    case 'list': {
      const keys: string[] = [];
      for await (const { key } of store.list(step.prefix)) {
        keys.push(key);
      }
      return keys;
    }
    case 'hang':
    case 'upload': {
      const upload = await store.upload(step.key);
      for (let written = 0; written < step.mebibytes; written += 1) {
        await upload.write(mebibyte);
      }
      if (step.do === 'hang') {
        console.log(JSON.stringify('hanging'));
        await new Promise((resolve) => setTimeout(resolve, 600_000));
      }
      return upload.finish();
    }
    case 'pipe': {
      const upload = await store.upload(step.to);
      for await (const chunk of store.read(step.from)) {
        await upload.write(chunk);
      }
      return upload.finish();
    }
  }
};

const { location, user, group, umask, steps } = JSON.parse(process.argv[2] ?? '') as Act;
// Everything is loaded by now: the other user need not be able to read the code.
if (group !== undefined) {
  process.setgroups?.([group]);
  process.setgid?.(group);
}
if (user !== undefined) {
  process.setuid?.(user);
}
if (umask !== undefined) {
  process.umask(umask);
}
// The kernel's own mark of this program. The one of getrusage counts the process that started it, too.
const peakMebibytes = (): number => Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;

const store = location.kind === 'directory' ? openDirectory(location) : openS3(location);
for (const step of steps) {
  try {
    console.log(JSON.stringify(await perform(store, step)));
  } catch (error) {
    console.log(JSON.stringify({ code: error instanceof StoreError ? error.code : String(error) }));
  }
}
await store.close();
console.log(JSON.stringify({ peakMebibytes: peakMebibytes() }));
