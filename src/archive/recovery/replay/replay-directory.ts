// Replays WAL into a restored data directory up to the planned point: by a server of our own, which is fed from the store and stops when it has opened.
import { chown } from 'node:fs/promises';
import { join } from 'node:path';
import { lsnText } from '../../../api/lsn.ts';
import type { Replay, ReplayTarget } from '../../../core/recovery/replay.ts';
import { refusal } from '../../../core/recovery/refusal.ts';
import { readControlData, readRedoEnd } from '../../../engines/postgresql/recovery/control-data.ts';
import type { Programs } from '../../../engines/postgresql/recovery/programs.ts';
import { replay as runServer } from '../../../engines/postgresql/recovery/replay-server.ts';
import type { Replayed as Answer } from '../../../engines/postgresql/recovery/replay-server.ts';
import { makeSpool, restoreCommand } from '../../../engines/postgresql/recovery/restore-command.ts';
import type { Store } from '../../../stores/store.ts';
import { giveTo } from '../give-to.ts';
import type { Lineage } from '../../wal/read-lineage.ts';
import { segmentReader } from '../../wal/read-segment.ts';
import type { RecoveryContext } from '../context.ts';
import { RecoveryRefused } from '../refused.ts';
import type { Owner } from '../request.ts';
import type { ServerHost } from '../server-host.ts';
import { startFeeder } from './feeder.ts';
import { checkRedoEnd } from './redo-end.ts';
import { makeSupply } from './supply.ts';
import type { UsedTimelines } from './used-timelines.ts';

export type ReplayOptions = {
  store: Store;
  lineage: Lineage;
  replay: Replay;
  identities: readonly string[];
  // Where the backup begins.
  start: bigint;
  programs: Programs;
  host: ServerHost;
  dataDirectory: string;
  // A folder for the spool, on the same file system.
  workDirectory: string;
  owner: Owner | undefined;
  usedTimelines: UsedTimelines;
};

export type Replayed = {
  // Where redo ended, on which timeline, and the new one that begins there.
  lsn: string;
  timeline: number;
  newTimeline: number;
  // Why it stopped there, in PostgreSQL's words; absent at the end of the WAL.
  stopped?: string;
};

export const replayDirectory = (options: ReplayOptions, context: RecoveryContext): Promise<Replayed> =>
  options.host.withPrivateDirectory(async (privateDirectory) => {
    const { store, lineage, replay, identities, owner, programs, dataDirectory, host } = options;
    const supply = makeSupply(options);
    const spool = await makeSpool(join(options.workDirectory, 'spool'), host.feeder);
    await giveTo(owner, spool.directory, dataDirectory);
    if (owner !== undefined) {
      await chown(options.workDirectory, owner.uid, owner.gid);
    }
    let served = 0;
    const onFile = (name: string): void => {
      served += supply.order.includes(name) ? 1 : 0;
      context.progress('replay', served, supply.order.length);
    };
    const feeder = startFeeder({ spool, supply, owner, signal: context.signal, onFile });
    const control = await readControlData(programs, dataDirectory);
    const run = async (target: ReplayTarget): Promise<Answer> => {
      const server = runServer({
        start: host.start,
        ownSettings: host.ownSettings,
        major: programs.major,
        dataDirectory,
        privateDirectory,
        control,
        archive: { restoreCommand: restoreCommand(spool), timeline: replay.timeline, target: targetSettings(target) },
        signal: context.signal,
      });
      return server.catch(async (error: unknown) => {
        // What the feeder could not do is the cause; the server only says that it got nothing.
        await feeder.stop();
        await feeder.ended;
        throw error;
      });
    };
    try {
      const answer = await untilPoint(run, replay);
      const { timeline: newTimeline } = await readControlData(programs, dataDirectory);
      const end = await readRedoEnd(dataDirectory, newTimeline);
      await checkRedoEnd(replay, end, lineage, segmentReader(store, lineage, identities));
      return {
        lsn: lsnText(end),
        timeline: replay.timeline,
        newTimeline,
        ...(answer.stopped === undefined ? {} : { stopped: answer.stopped }),
      };
    } finally {
      await feeder.stop();
    }
  });

// Where the WAL ends before the target although it holds everything up to it, the end is the point: then nothing lies between.
const untilPoint = async (run: (target: ReplayTarget) => Promise<Answer>, replay: Replay): Promise<Answer> => {
  const answer = await run(replay.target);
  if (!answer.endedEarly) {
    return answer;
  }
  if (replay.endIsPoint) {
    return run({ kind: 'end' });
  }
  const what = replay.target.kind === 'name' ? `The restore point "${replay.target.name}"` : 'The target';
  throw new RecoveryRefused(
    refusal(
      'PointOutsideWindow',
      `${what} is not in the WAL from the backup that was started from up to LSN ${lsnText(replay.to)} of timeline ${replay.timeline}.`,
      { options: { base: '<an older backup>' }, act: 'where it is older than that backup; or check the name' },
    ),
  );
};

// Abbreviations of time zones, such as Z, are not known yet when the server reads this.
const targetSettings = (target: ReplayTarget): Record<string, string> => {
  switch (target.kind) {
    case 'end':
      return {};
    case 'time':
      return { recovery_target_time: target.text.replace('Z', '+00'), recovery_target_inclusive: String(target.inclusive) };
    case 'lsn':
      return { recovery_target_lsn: lsnText(target.lsn), recovery_target_inclusive: String(target.inclusive) };
    case 'name':
      return { recovery_target_name: target.name };
  }
};
