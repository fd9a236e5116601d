// An incremental backup after random updates, against pgBackRest's incremental in blocks. All build on one Full each; every round takes the same changes again.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { PostgresServer } from '../../test/engines/postgres-server.ts';
import { giveToServer } from '../../test/engines/toolbox.ts';
import { buildAgent } from '../common/agent.ts';
import type { Contestant } from '../common/contestant.ts';
import { startCopy, stopCopy, updateRows } from '../common/copied-set.ts';
import { makeKeys } from '../common/keys.ts';
import type { Keys } from '../common/keys.ts';
import { runQuietly } from '../common/measure.ts';
import { makeProcessGroup } from '../common/process-group.ts';
import { forScripts, goalTable, sections } from '../common/report.ts';
import { startS3 } from '../common/s3.ts';
import type { S3Server } from '../common/s3.ts';
import { say } from '../common/say.ts';
import { benchDirectory, numberSetting, root } from '../common/settings.ts';
import { summarize } from '../common/summary.ts';
import type { Run } from '../common/summary.ts';
import { isWanted, takeTurn } from '../common/turn.ts';
import { goalsOf } from './goals.ts';
import { ours } from './ours.ts';
import { pgbackrest } from './pgbackrest.ts';

const set = 'increment';
export const repositories = join(benchDirectory, 'repositories');

const updates = 34_000;
const summaryMilliseconds = 60_000;

// Each makes its Full before the rows are updated.
const prepare = async (server: PostgresServer, s3: S3Server, keys: Keys): Promise<Contestant[]> => {
  await rm(repositories, { recursive: true, force: true });
  const made: Contestant[] = [];
  for (const make of [ours, pgbackrest]) {
    for (const target of ['directory', 's3'] as const) {
      const name = make === ours ? 'holdfast' : 'pgbackrest-block';
      if (isWanted(set, { target, name })) {
        say(`The Full of ${name}, ${target}`);
        const directory = join(repositories, `${name}-${target}`);
        await mkdir(directory, { recursive: true });
        await giveToServer(directory);
        made.push(await make({ server, s3, directory, prefix: `kept/${name}`, target }, keys));
      }
    }
  }
  return made.toSorted((a, b) => a.target.localeCompare(b.target));
};

// A backup waits for the summaries: that they lag is no part of it.
const untilSummarized = async (server: PostgresServer): Promise<void> => {
  for (const end = Date.now() + summaryMilliseconds; ; await pause(100)) {
    const [row] = await server.query<{ done: boolean }>(
      'SELECT summarized_lsn >= (SELECT redo_lsn FROM pg_control_checkpoint()) AS done FROM pg_get_wal_summarizer_state()',
    );
    if (row?.done === true) {
      return;
    }
    if (Date.now() > end) {
      throw new Error('The server did not summarize its WAL.');
    }
  }
};

export const work = async (): Promise<object> => {
  const runs = numberSetting('RUNS', 5);
  const scale = numberSetting('SCALE', 100);
  const rows = numberSetting('UPDATES', updates);
  await runQuietly([join(root, 'hack/toolbox'), 'make']);
  await buildAgent();
  const keys = await makeKeys();
  const s3Group = makeProcessGroup('s3');
  const storage = { s3: await startS3(s3Group), s3Group };
  const group = makeProcessGroup('server');
  const server = await startCopy(scale, group);
  const all: Run[] = [];
  try {
    const takePart = await prepare(server, storage.s3, keys);
    say(`${rows} updates`);
    await updateRows(server, scale, rows);
    for (let round = 1; round <= runs; round += 1) {
      say(`Round ${round} of ${runs}`);
      for (const contestant of takePart) {
        await untilSummarized(server);
        all.push(await takeTurn({ set, server, group }, storage, contestant));
      }
    }
  } finally {
    await stopCopy(server);
    await s3Group.remove();
    await rm(repositories, { recursive: true, force: true });
  }
  const summaries = summarize(all);
  const goals = goalsOf(summaries);
  console.log([...sections(summaries, { [set]: `after ${rows} updates` }), goalTable(goals)].join('\n'));
  return forScripts(summaries, goals, { runs, scale, updates: rows });
};
