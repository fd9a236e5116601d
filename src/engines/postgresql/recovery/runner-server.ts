// Starts servers in the container beside this one, whose script (src/api/server-runner.ts) does what files in a shared folder say.
import { access, open, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as pause } from 'node:timers/promises';
import { runnerFiles, runnerVersionFile } from '../../../api/server-runner.ts';
import { EngineError } from '../../engine.ts';
import type { RunningServer, ServerRun, StartServer } from './server-start.ts';

const lookMilliseconds = 50;
const patienceMilliseconds = 120_000;

// The version of PostgreSQL there, such as 17.11; empty where there is none. Waits until the script has said so.
export const runnerVersion = async (directory: string, signal: AbortSignal): Promise<string> => {
  const file = runnerVersionFile(directory);
  for (const end = Date.now() + patienceMilliseconds; Date.now() < end;) {
    const said = await readFile(file, 'utf8').catch(() => undefined);
    if (said !== undefined) {
      return /\(PostgreSQL\) (\d+(?:\.\d+)?)/.exec(said)?.[1] ?? '';
    }
    await pause(lookMilliseconds, undefined, { signal });
  }
  throw new EngineError(
    'RestoreFailed',
    `The server's container does not answer in ${directory}: its image (postgresql.image) may lack a shell, or did not start.`,
  );
};

export const runnerServer =
  (directory: string): StartServer =>
  async (run) => {
    const earlier = await lastRun(directory);
    await endEarlier(directory, earlier);
    return start(directory, earlier + 1, run);
  };

const lastRun = async (directory: string): Promise<number> => {
  const numbers = (await readdir(directory)).flatMap((name) => Number(/^start-(\d+)$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
};

// What an agent that was killed has left running.
const endEarlier = async (directory: string, run: number): Promise<void> => {
  if (run === 0) {
    return;
  }
  const files = runnerFiles(directory, run);
  if (!(await isThere(files.exit))) {
    await put(files.signal, 'QUIT');
    await untilExit(files.exit);
  }
};

const start = async (directory: string, run: number, { parameters, input = '', onText }: ServerRun): Promise<RunningServer> => {
  const odd = parameters.find((parameter) => parameter.includes('\n'));
  if (odd !== undefined) {
    throw new EngineError('RestoreFailed', `A parameter of the server holds a line break: ${odd.slice(0, 60)}`);
  }
  const files = runnerFiles(directory, run);
  await writeFile(files.input, input);
  await put(files.start, parameters.map((parameter) => `${parameter}\n`).join(''));
  const ended = follow(files, onText);
  ended.catch(() => undefined);
  // Signals follow one another: the script must have taken the first one before the second is there.
  let sent: Promise<unknown> = Promise.resolve();
  return {
    signal: (name) => {
      sent = sent.then(() => put(files.signal, name)).catch(() => undefined);
    },
    ended,
  };
};

// Under its name only when it is whole.
const put = async (path: string, content: string): Promise<void> => {
  await writeFile(`${path}.part`, content);
  await rename(`${path}.part`, path);
};

// Hands on what it says until it has ended.
const follow = async (files: ReturnType<typeof runnerFiles>, onText: (text: string) => void): Promise<number> => {
  const decoder = new StringDecoder('utf8');
  let at = 0;
  const handOn = async (): Promise<void> => {
    const piece = await readFrom(files.output, at);
    at += piece.length;
    const text = decoder.write(piece);
    if (text !== '') {
      onText(text);
    }
  };
  for (;;) {
    const code = await exitCode(files.exit);
    await handOn();
    if (code !== undefined) {
      return code;
    }
    await pause(lookMilliseconds);
  }
};

const untilExit = async (path: string): Promise<void> => {
  while ((await exitCode(path)) === undefined) {
    await pause(lookMilliseconds);
  }
};

const exitCode = async (path: string): Promise<number | undefined> => {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text);
};

const readFrom = async (path: string, at: number): Promise<Buffer> => {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) {
    return Buffer.alloc(0);
  }
  try {
    const { size } = await file.stat();
    const piece = Buffer.alloc(Math.max(0, size - at));
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    return piece.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
