// Whether WAL can be received, by what the server said. Each check is a fact with its remedy; the first that applies answers. Pure.
import { EngineError } from '../engine.ts';
import type { EngineErrorCode } from '../engine.ts';
import type { ServerFacts } from '../postgresql/server-facts.ts';
import type { KeepSettings, SlotState } from './server.ts';

export type WalFacts = {
  server: ServerFacts;
  keep: KeepSettings;
  slot: SlotState | undefined;
  wanted: { version: number; hasLimit: boolean };
};

type Check = (facts: WalFacts) => { code: EngineErrorCode; message: string; retryable?: boolean } | undefined;

const otherMajor: Check = ({ server, wanted }) =>
  server.major === wanted.version
    ? undefined
    : {
        code: 'VersionMismatch',
        message: `The server is PostgreSQL ${server.version}, the policy says ${wanted.version}. Mend postgresql.version.`,
      };

const mayNotReplicate: Check = ({ server: { mayReplicate, user } }) =>
  mayReplicate
    ? undefined
    : { code: 'PermissionMissing', message: `The role "${user}" may not replicate. Run: ALTER ROLE "${user}" REPLICATION;` };

const walTooPoor: Check = ({ server: { walLevel } }) =>
  walLevel === 'minimal'
    ? {
        code: 'SourceMisconfigured',
        message: 'wal_level is minimal: nothing could be recovered from such WAL. Set wal_level = replica on the server and restart it.',
      }
    : undefined;

// A slot that nobody reads keeps WAL until the disk is full, and then the server stops.
const unlimited: Check = ({ keep, wanted }) =>
  keep.slotKeepBytes === undefined && !wanted.hasLimit
    ? {
        code: 'SlotUnsafe',
        message:
          'max_slot_wal_keep_size is -1 on the server: if WAL could not be archived, its disk would fill up. Set it there, such as to 10GB, or set walArchive.maxRetained.',
      }
    : undefined;

const noSlotLeft: Check = ({ server: { maxSlots, usedSlots }, slot }) =>
  slot !== undefined || usedSlots < maxSlots
    ? undefined
    : {
        code: 'SourceMisconfigured',
        message: `All ${maxSlots} replication slots are in use. Raise max_replication_slots on the server, or drop a slot that nobody uses.`,
        retryable: maxSlots > 0,
      };

const noSenderLeft: Check = ({ server: { maxWalSenders, usedWalSenders } }) =>
  usedWalSenders < maxWalSenders
    ? undefined
    : {
        code: 'SourceMisconfigured',
        message: `All ${maxWalSenders} of max_wal_senders are in use. Raise it on the server.`,
        retryable: maxWalSenders > 0,
      };

// Throws EngineError where WAL of this server cannot be received.
export const checkWalServer = (facts: WalFacts): void => {
  for (const check of [otherMajor, mayNotReplicate, walTooPoor, unlimited, noSlotLeft, noSenderLeft]) {
    const found = check(facts);
    if (found !== undefined) {
      throw new EngineError(found.code, found.message, { retryable: found.retryable ?? false });
    }
  }
};
