// How a server of a recovery is started: here (local-server.ts), or in another container (runner-server.ts).

export type RunningServer = {
  // QUIT: it ends as in a crash. INT: it shuts down cleanly.
  signal(name: 'INT' | 'QUIT'): void;
  // Resolves with its exit code when it has ended and all that it said was handed on; null where a signal ended it.
  readonly ended: Promise<number | null>;
};

export type ServerRun = {
  parameters: readonly string[];
  // What it reads from its standard input.
  input?: string;
  // Told what it says, as it comes.
  onText: (text: string) => void;
};

export type StartServer = (run: ServerRun) => Promise<RunningServer>;
