// A server that replays WAL up to a point, opens, and stops again. It talks to nobody: no network, a private socket folder, no archive, no jobs.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { redact } from '../../../telemetry/redact.ts';
import { EngineError } from '../../engine.ts';
import { readReplayLog } from './replay-log.ts';
import type { ReplayLog } from './replay-log.ts';
import { prepareServer } from './server-settings.ts';
import type { ServerPlace } from './server-settings.ts';
import type { RunningServer, StartServer } from './server-start.ts';

// Where it asks for WAL, and for histories.
export type FromArchive = {
  restoreCommand: string;
  timeline: number;
  // recovery_target_… settings; none: the end of the WAL.
  target: Record<string, string>;
};

export type ReplayOptions = ServerPlace & { start: StartServer; archive: FromArchive; signal: AbortSignal };

const tailCharacters = 256 * 1024;
// The socket lets nobody in.
const nobody = 'local all all reject\n';

export type Replayed = ReplayLog & { said: string };

// Runs it to its end. `opened: false` with `reachedTarget: false`: the WAL ended before the target, which is an answer and no failure.
export const replay = async (options: ReplayOptions): Promise<Replayed> => {
  const { archive, signal } = options;
  signal.throwIfAborted();
  await signalFiles(options);
  const parameters = await prepareServer(options, nobody, archiveSettings(archive));
  let said = '';
  let server: RunningServer | undefined;
  let told = false;
  // As soon as it has opened it is told to stop, as an administrator would.
  const look = (): void => {
    if (!told && server !== undefined && readReplayLog(said).opened) {
      told = true;
      server.signal('INT');
    }
  };
  const onText = (text: string): void => {
    said = (said + text).slice(-tailCharacters);
    look();
  };
  server = await options.start({ parameters, onText });
  look();
  const stop = (): void => server?.signal('QUIT');
  signal.addEventListener('abort', stop, { once: true });
  try {
    await server.ended;
    signal.throwIfAborted();
    return judge(said);
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

// What makes it a recovery from an archive, or a standby, is a file. Of the server that was backed up there may be one, too.
const signalFiles = async ({ dataDirectory }: ReplayOptions): Promise<void> => {
  await rm(join(dataDirectory, 'standby.signal'), { force: true });
  await writeFile(join(dataDirectory, 'recovery.signal'), '');
};

const archiveSettings = ({ restoreCommand, timeline, target }: FromArchive): Record<string, string> => ({
  restore_command: restoreCommand,
  recovery_target_timeline: String(timeline),
  recovery_target_action: 'promote',
  ...target,
});

const judge = (said: string): Replayed => {
  const log = readReplayLog(said);
  if (log.opened || log.endedEarly) {
    return { ...log, said };
  }
  throw new EngineError('RestoreFailed', `The server could not replay the WAL: ${complaintsIn(said)}`);
};

// What of a server's log says why it stopped.
export const complaintsIn = (said: string): string => {
  const words = redact(said)
    .split('\n')
    .filter((line) => /(?:^|\] )(?:FATAL|PANIC|ERROR|HINT|DETAIL):/.test(line))
    .slice(-4)
    .join(' · ');
  return words === '' ? said.trim().slice(-500) : words;
};
