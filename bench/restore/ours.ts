// Holdfast: the pipeline of `kubectl holdfast restore`, from plan to sync, with the check of every checksum by pg_verifybackup.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { serverUid, toolboxPath } from '../../test/engines/toolbox.ts';
import type { Contestant, Turn } from '../common/contestant.ts';
import type { Keys } from '../common/keys.ts';
import { measure } from '../common/measure.ts';
import type { Command } from '../common/measure.ts';
import { tierOf } from '../common/plans.ts';
import { stepReader } from '../common/steps.ts';
import { storedIn } from '../common/stored.ts';
import { watchDisk } from './disk.ts';
import type { Stored } from './store.ts';

type Point = { kind: 'backup'; id: string } | { kind: 'lsn'; lsn: string; inclusive: boolean };

const commandOf = async ({ repository }: Stored, keys: Keys, turn: Turn, point: Point): Promise<Command> => ({
  words: [
    process.execPath,
    join(import.meta.dirname, 'recover.ts'),
    JSON.stringify({
      location: tierOf('s3', repository).location,
      verificationKeys: [keys.verificationKey],
      identityText: await readFile(keys.identityFile, 'utf8'),
      wish: { form: 'physical', point },
      target: { kind: 'directory', path: join(turn.directory, 'restored'), keep: [], owner: { uid: serverUid, gid: serverUid } },
    }),
  ],
  environment: { PATH: toolboxPath() },
});

// Restores one backup. What is stored is what was restored.
export const ours = (stored: Stored, keys: Keys, set: 'full' | 'chain'): Contestant => ({
  name: 'holdfast',
  target: 's3',
  async run(turn) {
    const steps = stepReader(({ seconds }) => seconds);
    const disk = watchDisk(turn.directory);
    const command = await commandOf(stored, keys, turn, { kind: 'backup', id: set === 'full' ? stored.full : stored.newest });
    const measured = await measure({ ...command, onLine: steps.onLine });
    const peakDiskBytes = await disk.stop();
    const restored = await storedIn(join(turn.directory, 'restored'));
    return {
      ...measured,
      stored: restored,
      extra: {
        planSeconds: steps.ended('plan'),
        fetchSeconds: steps.ended('fetch') - steps.ended('plan'),
        checkSeconds: steps.ended('check') - steps.ended('fetch'),
        syncSeconds: steps.ended('sync') - steps.ended('defuse'),
        diskCopies: peakDiskBytes / restored.bytes,
      },
    };
  },
});

// Restores the newest backup and replays the WAL behind it. The clock is that of the replay alone, the start and the stop of its server in it.
export const oursReplaying = (stored: Stored, keys: Keys): Contestant => ({
  name: 'holdfast',
  target: 's3',
  async run(turn) {
    const steps = stepReader(({ seconds, cpuSeconds }) => ({ seconds, cpuSeconds }));
    const command = await commandOf(stored, keys, turn, { kind: 'lsn', lsn: stored.end, inclusive: true });
    const measured = await measure({ ...command, onLine: steps.onLine });
    const [from, to] = [steps.ended('defuse'), steps.ended('replay')];
    return {
      ...measured,
      seconds: to.seconds - from.seconds,
      cpuSeconds: to.cpuSeconds - from.cpuSeconds,
      stored: await storedIn(join(turn.directory, 'restored')),
    };
  },
});
