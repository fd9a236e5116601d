// A restore from S3, decrypting, against pgBackRest: of a Full, of a Full and six increments, and the replay of WAL behind them.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildAgent } from '../common/agent.ts';
import type { Contestant } from '../common/contestant.ts';
import { startCopy, stopCopy } from '../common/copied-set.ts';
import { makeKeys } from '../common/keys.ts';
import type { Keys } from '../common/keys.ts';
import { runQuietly } from '../common/measure.ts';
import { makeProcessGroup } from '../common/process-group.ts';
import { forScripts, goalTable, sections } from '../common/report.ts';
import { startS3 } from '../common/s3.ts';
import { say } from '../common/say.ts';
import { numberSetting, root } from '../common/settings.ts';
import { summarize } from '../common/summary.ts';
import type { Run, Summary } from '../common/summary.ts';
import { table } from '../common/table.ts';
import { isWanted, takeTurn } from '../common/turn.ts';
import { goalsOf } from './goals.ts';
import { ours, oursReplaying } from './ours.ts';
import { pgbackrest, pgbackrestReplaying } from './pgbackrest.ts';
import { directory, fillStore, increments } from './store.ts';
import type { Stored } from './store.ts';

const turnsOf = (stored: Stored, keys: Keys): { set: string; contestant: Contestant }[] =>
  [
    ...(['full', 'chain'] as const).flatMap((set) =>
      [ours(stored, keys, set), pgbackrest(stored, set)].map((contestant) => ({ set, contestant })),
    ),
    ...[oursReplaying(stored, keys), pgbackrestReplaying(stored)].map((contestant) => ({ set: 'replay', contestant })),
  ].filter(({ set, contestant }) => isWanted(set, contestant));

const stepTable = (summaries: readonly Summary[]): string => {
  const rows = summaries.filter(({ name, set }) => name === 'holdfast' && set !== 'replay');
  const names = ['planSeconds', 'fetchSeconds', 'checkSeconds', 'syncSeconds', 'diskCopies'];
  return `\nour steps\n${table(
    ['', 'plan s', 'fetch s', 'check s', 'sync s', 'copies on disk'],
    rows.map(({ set, extra }) => [set, ...names.map((name) => (extra[name] ?? Number.NaN).toFixed(2))]),
  )}`;
};

export const work = async (): Promise<object> => {
  const runs = numberSetting('RUNS', 5);
  const scale = numberSetting('SCALE', 100);
  const updates = numberSetting('UPDATES', 34_000);
  const segments = numberSetting('SEGMENTS', 64);
  await runQuietly([join(root, 'hack/toolbox'), 'make']);
  await buildAgent();
  const keys = await makeKeys();
  const s3Group = makeProcessGroup('s3');
  const s3 = await startS3(s3Group);
  const group = makeProcessGroup('server');
  const server = await startCopy(scale, group);
  const all: Run[] = [];
  let replayed = 0;
  try {
    const stored = await fillStore({ server, s3 }, keys, { scale, updates, segments });
    replayed = stored.segments;
    for (let round = 1; round <= runs; round += 1) {
      say(`Round ${round} of ${runs}`);
      for (const { set, contestant } of turnsOf(stored, keys)) {
        all.push(await takeTurn({ set, server, group }, { s3, s3Group }, contestant));
      }
    }
  } finally {
    await stopCopy(server);
    await s3Group.remove();
    await rm(directory, { recursive: true, force: true });
  }
  const summaries = summarize(all);
  const goals = goalsOf(summaries);
  const titles = {
    full: 'a Full, from',
    chain: `a Full and ${increments} increments (each ${updates} updates), from`,
    replay: `the replay of ${replayed} segments of WAL, from`,
  };
  console.log([...sections(summaries, titles), stepTable(summaries), goalTable(goals)].join('\n'));
  return forScripts(summaries, goals, { runs, scale, updates, segments: replayed });
};
