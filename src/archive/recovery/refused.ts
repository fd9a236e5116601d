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
