// What a tool prints is there for whoever reads it, whenever that begins.
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { readAll } from '../../src/engines/postgresql/read-all.ts';
import { startTool } from '../../src/engines/postgresql/tool.ts';
import type { ToolOptions } from '../../src/engines/postgresql/tool.ts';

const failure: ToolOptions['failure'] = { code: 'SourceFailed', what: 'The tool', retryable: false };
const start = (script: string, more: Partial<ToolOptions> = {}) =>
  startTool({ script, signal: new AbortController().signal, failure, ...more });

test('all of it, also where the tool has ended long before', async (t) => {
  const tool = start('printf early; printf aside >&3');
  await pause(500);
  t.deepEqual(
    (await Promise.all([readAll(tool.stdout, 100), readAll(tool.side, 100)])).map((text) => text.toString()),
    ['early', 'aside'],
  );
  await tool.ended;
});

test('more than fits between the two, to a reader that comes late', async (t) => {
  const tool = start('head -c 5000000 /dev/zero');
  await pause(500);
  t.is((await readAll(tool.stdout, 10_000_000)).length, 5_000_000);
  await tool.ended;
});

test('it ends where nobody reads on, and where it is stopped', async (t) => {
  const full = start('yes');
  for await (const _ of full.stdout) {
    break;
  }
  await t.throwsAsync(full.ended, { message: /The tool failed/ });
  const stop = new AbortController();
  const idle = start('yes & sleep 60', { signal: stop.signal });
  stop.abort();
  await t.throwsAsync(idle.ended, { message: /SIGTERM/ });
  await start('echo nobody reads this').ended;
  t.pass();
});

const retryable = (said: string): boolean => said.includes('later');

test('whether another attempt may help is judged by what it said', async (t) => {
  for (const [word, expected] of [
    ['later', true],
    ['never', false],
  ] as const) {
    const error = await t.throwsAsync(start(`echo "come back ${word}" >&2; exit 3`, { failure: { ...failure, retryable } }).ended);
    t.like(error, { message: `The tool failed (exit code 3): come back ${word}`, code: 'SourceFailed', retryable: expected });
  }
});
