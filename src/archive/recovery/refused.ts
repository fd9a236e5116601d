// Thrown where a recovery is refused. Nothing was changed.
import type { Refusal, Remedy } from '../../core/recovery/refusal.ts';

export class RecoveryRefused extends Error {
  readonly code: Refusal['code'];
  readonly remedy: Remedy;

  constructor({ code, message, remedy }: Refusal) {
    super(message);
    this.name = 'RecoveryRefused';
    this.code = code;
    this.remedy = remedy;
  }
}

// The answer itself, where it is no refusal.
export const accepted = <T extends { kind: string }>(answer: T | Refusal): T => {
  if (answer.kind === 'refusal') {
    throw new RecoveryRefused(answer as Refusal);
  }
  return answer as T;
};
