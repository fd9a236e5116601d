// Where a command reads its surroundings and writes its words. Tests give one of their own.
import { createColors } from 'picocolors';

export type Colours = ReturnType<typeof createColors>;

export type Io = {
  // To stdout: what was asked for.
  readonly out: (text: string) => void;
  // To stderr: what people are told besides.
  readonly err: (text: string) => void;
  // Whether stderr is a terminal: one line may be written over and over.
  readonly errorTerminal: boolean;
  // Columns of the terminal that stdout is; undefined where it is none.
  readonly columns: number | undefined;
  readonly colours: Colours;
  readonly errorColours: Colours;
  readonly environment: NodeJS.ProcessEnv;
  readonly now: () => number;
  // Ends early when the signal is aborted.
  readonly pause: (milliseconds: number, signal?: AbortSignal) => Promise<void>;
  // A signal that is aborted after that time; never, where it is Infinity.
  readonly alarm: (milliseconds: number) => AbortSignal;
  // From now on the first Ctrl-C aborts this signal instead of ending the process. The second one ends it.
  readonly interrupt: () => AbortSignal;
  // Asks the person at the terminal. Undefined: nobody is there to ask.
  readonly ask: ((question: string) => Promise<string>) | undefined;
};

type Stream = { isTTY?: boolean };

// Colours only on a terminal. NO_COLOR and --no-color take them away, FORCE_COLOR brings them back in a pipe.
export const wantsColour = (stream: Stream, environment: NodeJS.ProcessEnv): boolean => {
  const { NO_COLOR: no = '', FORCE_COLOR: force = '', TERM: term } = environment;
  if (no !== '') {
    return false;
  }
  if (force !== '') {
    return force !== '0' && force !== 'false';
  }
  return stream.isTTY === true && term !== 'dumb';
};

// The process's own streams. A reader that closes the pipe early, such as `head`, is no error.
export const processIo = (): Io => {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  }
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    errorTerminal: process.stderr.isTTY,
    columns: process.stdout.columns,
    colours: createColors(wantsColour(process.stdout, process.env)),
    errorColours: createColors(wantsColour(process.stderr, process.env)),
    environment: process.env,
    now: Date.now,
    pause,
    alarm,
    interrupt() {
      const controller = new AbortController();
      const stop = (): void => controller.abort();
      process.once('SIGINT', stop);
      process.once('SIGTERM', stop);
      return controller.signal;
    },
    // Loaded where somebody is asked.
    ask: process.stdin.isTTY && process.stderr.isTTY ? async (question) => (await import('./ask.ts')).askOnTerminal(question) : undefined,
  };
};

const pause = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end, { once: true });
  });

// What a timer can hold: 24 days.
const longestTimer = 2 ** 31 - 1;

const alarm = (milliseconds: number): AbortSignal =>
  milliseconds === Infinity ? new AbortController().signal : AbortSignal.timeout(Math.min(milliseconds, longestTimer));

export const withoutColours = (io: Io): Io => ({ ...io, colours: createColors(false), errorColours: createColors(false) });
