// What the log of a recovering server says (lc_messages = C). Pure.

export type ReplayLog = {
  // It accepts connections: recovery is over.
  opened: boolean;
  // It stopped at the target, in PostgreSQL's words.
  stopped?: string;
  // The WAL ended before the target.
  endedEarly: boolean;
  // From here on the files of the backup fit together.
  consistentLsn?: string;
};

export const readReplayLog = (text: string): ReplayLog => {
  const stopped = /^LOG:\s+(recovery stopping (?:before|after) .*)$/m.exec(text)?.[1];
  const consistent = /^LOG:\s+consistent recovery state reached at ([0-9A-F]+\/[0-9A-F]+)$/m.exec(text)?.[1];
  return {
    opened: /^LOG:\s+database system is ready to accept connections$/m.test(text),
    endedEarly: /^FATAL:\s+recovery ended before configured recovery target was reached$/m.test(text),
    ...(stopped === undefined ? {} : { stopped }),
    ...(consistent === undefined ? {} : { consistentLsn: consistent }),
  };
};
