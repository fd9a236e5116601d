// Why a server does not send WAL, where that has a name of its own.
import { EngineError } from '../engine.ts';

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const explainStreamError = (error: unknown, slot: string, explain: (error: unknown) => unknown): unknown => {
  const text = textOf(error);
  if (/is active for PID/.test(text)) {
    return new EngineError(
      'SlotInUse',
      `Another receiver holds the replication slot "${slot}" (${text}). One of two must go: look who else archives this server under this name.`,
      { retryable: true, cause: error },
    );
  }
  if (/has already been removed/.test(text)) {
    return new EngineError('WalRemoved', `The server has removed WAL that was not archived yet: ${text}.`, {
      retryable: true,
      cause: error,
    });
  }
  if (
    /replication slot ".*" does not exist|can no longer get changes|cannot read from .* replication slot|has been invalidated/i.test(text)
  ) {
    return new EngineError('SlotLost', `The replication slot "${slot}" is gone or invalid: ${text}.`, { retryable: true, cause: error });
  }
  return explain(error);
};
