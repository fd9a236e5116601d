// The work queue, on a clock that moves only when told to.
import test from 'ava';
import * as fc from 'fast-check';
import type { WorkQueue } from '../../src/kube/work-queue.ts';
import type { VirtualClock } from './virtual-clock.ts';
import { virtualQueue } from './virtual-queue.ts';

const hold = (fact: boolean, message: string): void => {
  if (!fact) {
    throw new Error(message);
  }
};

const quick = { firstMilliseconds: 10, mostMilliseconds: 80 };

// Lets everything run that needs no time.
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) {
    await Promise.resolve();
  }
};

test('work queue: keys come in their order, each once however often it was added', async (t) => {
  const { queue } = virtualQueue(quick);
  ['a', 'b', 'a', 'c', 'a'].forEach((key) => queue.add(key));
  t.is(queue.size(), 3);
  t.deepEqual([await queue.take(), await queue.take(), await queue.take()], ['a', 'b', 'c']);
  t.is(queue.size(), 0);
});

test('work queue: added while it is worked on, a key comes again afterwards, and only afterwards', async (t) => {
  const { queue } = virtualQueue(quick);
  queue.add('a');
  t.is(await queue.take(), 'a');
  queue.add('a');
  queue.add('a');
  t.is(queue.size(), 0, 'nobody else may take it now');
  queue.done('a');
  t.is(queue.size(), 1);
  t.is(await queue.take(), 'a');
  queue.done('a');
  t.is(queue.size(), 0, 'once is enough');
});

test('work queue: a taker that waits gets the next key', async (t) => {
  const { queue } = virtualQueue(quick);
  const [first, second] = [queue.take(), queue.take()];
  queue.add('a');
  queue.add('b');
  t.deepEqual([await first, await second], ['a', 'b']);
});

test('work queue: of several times the earliest counts', async (t) => {
  const { queue, clock } = virtualQueue(quick);
  queue.addAfter('a', 100);
  queue.addAfter('a', 30);
  queue.addAfter('a', 500);
  clock.pass(29);
  t.is(queue.size(), 0);
  clock.pass(1);
  t.is(queue.size(), 1);
  t.is(await queue.take(), 'a');
  queue.done('a');
  clock.pass(1000);
  t.is(queue.size(), 0, 'the later times are gone');
  queue.addAfter('b', 0);
  t.is(queue.size(), 1, 'no time is now');
});

test('work queue: times longer than a timer can hold are kept', (t) => {
  const { queue, clock } = virtualQueue(quick);
  const month = 40 * 24 * 3_600_000;
  queue.addAfter('a', month);
  clock.pass(month - 1);
  t.is(queue.size(), 0);
  clock.pass(1);
  t.is(queue.size(), 1);
});

// How long a key is away after each of so many failures in a row.
const waits = async (queue: WorkQueue, clock: VirtualClock, times: number): Promise<number[]> => {
  const found: number[] = [];
  for (let round = 0; round < times; round += 1) {
    await queue.take();
    queue.retry('a');
    queue.done('a');
    let waited = 0;
    for (; queue.size() === 0 && waited < 1000; waited += 1) {
      clock.pass(1);
    }
    found.push(waited);
  }
  return found;
};

test('work queue: each key has a backoff of its own', async (t) => {
  const { queue, clock } = virtualQueue(quick);
  queue.add('a');
  t.deepEqual(await waits(queue, clock, 5), [10, 20, 40, 80, 80]);
  queue.retry('b');
  clock.pass(10);
  t.is(queue.size(), 2, 'another key does not suffer from it');
});

test('work queue: a success ends the backoff, and a wait that was asked for is kept', async (t) => {
  const { queue, clock } = virtualQueue(quick);
  queue.add('a');
  t.deepEqual(await waits(queue, clock, 3), [10, 20, 40]);
  queue.forget('a');
  t.deepEqual(await waits(queue, clock, 2), [10, 20]);
  await queue.take();
  queue.retry('a', 500);
  queue.done('a');
  clock.pass(499);
  t.is(queue.size(), 0);
  clock.pass(1);
  t.is(queue.size(), 1);
});

test('work queue: closed, it hands out nothing, takes nothing, and leaves no timer', async (t) => {
  const { queue, clock } = virtualQueue(quick);
  const waiting = queue.take();
  queue.addAfter('late', 100);
  queue.close();
  t.is(await waiting, undefined);
  t.is(clock.waiting(), 0);
  queue.add('a');
  queue.addAfter('b', 1);
  queue.retry('c');
  t.deepEqual([queue.size(), await queue.take(), clock.waiting()], [0, undefined, 0]);
});

const keys = ['a', 'b', 'c', 'd'];
const queueStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('add' as const), key: fc.constantFrom(...keys) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('later' as const),
      key: fc.constantFrom(...keys),
      milliseconds: fc.integer({ min: -5, max: 300 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('finish' as const), which: fc.nat(9), ends: fc.constantFrom('well', 'badly') }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('pass' as const), milliseconds: fc.integer({ min: 1, max: 120 }) }) },
);

test('work queue: whatever happens, no key is worked on twice at a time, none is lost, none comes unasked', async (t) => {
  const check = fc.asyncProperty(
    fc.integer({ min: 1, max: 3 }),
    fc.array(queueStep, { maxLength: 120, size: 'max' }),
    async (workers, steps) => {
      const { queue, clock } = virtualQueue(quick);
      const held: string[] = [];
      const problems: string[] = [];
      // When the key was asked for and not yet looked at: at the latest then it must be looked at.
      const owed = new Map<string, number>();
      const owe = (key: string, due: number): void => void owed.set(key, Math.min(due, owed.get(key) ?? Infinity));
      const work = async (): Promise<void> => {
        const key = await queue.take();
        if (key !== undefined) {
          problems.push(...(held.includes(key) ? [`${key} is worked on twice`] : []));
          problems.push(...((owed.get(key) ?? Infinity) > clock.now() ? [`${key} comes unasked`] : []));
          owed.delete(key);
          held.push(key);
        }
      };
      for (let worker = 0; worker < workers; worker += 1) {
        void work();
      }
      const failures = new Map<string, number>();
      const finish = (which: number, ends: 'well' | 'badly'): void => {
        const [key] = held.splice(which % Math.max(1, held.length), 1);
        if (key === undefined) {
          return;
        }
        if (ends === 'badly') {
          failures.set(key, (failures.get(key) ?? 0) + 1);
          owe(key, clock.now() + Math.min(80, 10 * 2 ** ((failures.get(key) ?? 1) - 1)));
          queue.retry(key);
        } else {
          failures.delete(key);
          queue.forget(key);
        }
        queue.done(key);
        void work();
      };
      for (const step of steps) {
        switch (step.type) {
          case 'add':
            owe(step.key, clock.now());
            queue.add(step.key);
            break;
          case 'later':
            owe(step.key, clock.now() + Math.max(0, step.milliseconds));
            queue.addAfter(step.key, step.milliseconds);
            break;
          case 'finish':
            finish(step.which, step.ends);
            break;
          case 'pass':
            clock.pass(step.milliseconds);
            break;
        }
        await settle();
        hold(problems.length === 0, problems.join(', '));
        const late = [...owed].filter(([key, due]) => due <= clock.now() && !held.includes(key)).length;
        hold(late === 0 || held.length === workers, 'a key is due, a worker is free, and nothing happens');
      }
      for (let round = 0; round < 50; round += 1) {
        held.slice().forEach(() => finish(0, 'well'));
        clock.pass(100);
        await settle();
      }
      hold(owed.size === 0, `never looked at: ${[...owed.keys()].join(', ')}`);
      queue.close();
    },
  );
  await fc.assert(check, { numRuns: Number(process.env['ROUNDS'] ?? 300), includeErrorInReport: true });
  t.pass();
});
