// Whether a backup can work, by what the server said. Each check is a fact with its remedy; the first that applies answers. Pure.
import { EngineError } from '../engine.ts';
import type { EngineErrorCode } from '../engine.ts';
import type { DatabaseFacts } from './database-facts.ts';
import type { ServerFacts } from './server-facts.ts';

type Check<Facts> = (facts: Facts) => { code: EngineErrorCode; message: string; retryable?: boolean } | undefined;

// A physical backup needs one sender for the copy and one for the slot that keeps its WAL.
const sendersNeeded = 2;

const otherMajor =
  (expected: number): Check<ServerFacts> =>
  ({ major, version }) =>
    major === expected
      ? undefined
      : { code: 'VersionMismatch', message: `The server is PostgreSQL ${version}, the policy says ${expected}. Mend postgresql.version.` };

const mayNotReplicate: Check<ServerFacts> = ({ mayReplicate, user }) =>
  mayReplicate
    ? undefined
    : { code: 'PermissionMissing', message: `The role "${user}" may not replicate. Run: ALTER ROLE "${user}" REPLICATION;` };

const walTooPoor: Check<ServerFacts> = ({ walLevel }) =>
  walLevel === 'minimal'
    ? {
        code: 'SourceMisconfigured',
        message: 'wal_level is minimal: a physical backup would miss data. Set wal_level = replica on the server and restart it.',
      }
    : undefined;

const noSenderLeft: Check<ServerFacts> = ({ maxWalSenders, usedWalSenders }) =>
  maxWalSenders - usedWalSenders >= sendersNeeded
    ? undefined
    : {
        code: 'SourceMisconfigured',
        message: `${usedWalSenders} of max_wal_senders = ${maxWalSenders} are in use, and a physical backup needs ${sendersNeeded}. Raise max_wal_senders on the server.`,
        retryable: maxWalSenders >= sendersNeeded,
      };

const noSlotLeft: Check<ServerFacts> = ({ maxSlots, usedSlots }) =>
  usedSlots < maxSlots
    ? undefined
    : {
        code: 'SourceMisconfigured',
        message: `All ${maxSlots} replication slots are in use, and a physical backup needs one for its own time. Raise max_replication_slots on the server, or drop a slot that nobody uses.`,
        retryable: maxSlots > 0,
      };

const hasTablespaces: Check<ServerFacts> = ({ tablespaces }) =>
  tablespaces.length === 0
    ? undefined
    : {
        code: 'TablespacesUnsupported',
        message: `The server has tablespaces (${tablespaces.join(', ')}), which a physical backup cannot hold yet. Move their tables to pg_default and drop them, or set physical.enabled: false.`,
      };

const mayNotReadTables: Check<DatabaseFacts> = ({ name, user, unreadable, unreadableExample }) =>
  unreadable === 0
    ? undefined
    : {
        code: 'PermissionMissing',
        message: `The role "${user}" may not read ${unreadable} tables or sequences of the database "${name}", such as ${unreadableExample}. Run: GRANT pg_read_all_data TO "${user}";`,
      };

const rowsAreHidden: Check<DatabaseFacts> = ({ name, user, rowSecured, isSuperuser, bypassesRowSecurity }) =>
  rowSecured === 0 || isSuperuser || bypassesRowSecurity
    ? undefined
    : {
        code: 'PermissionMissing',
        message: `${rowSecured} tables of the database "${name}" hide rows from the role "${user}" (row-level security), so its dump would be incomplete. Run: ALTER ROLE "${user}" BYPASSRLS;`,
      };

const mayNotReadLargeObjects: Check<DatabaseFacts> = ({ name, user, unreadableLargeObjects, isSuperuser }) =>
  unreadableLargeObjects === 0 || isSuperuser
    ? undefined
    : {
        code: 'PermissionMissing',
        message: `The role "${user}" may not read ${unreadableLargeObjects} large objects of the database "${name}". Run as a superuser: ALTER ROLE "${user}" SET lo_compat_privileges = on;`,
      };

const passwordsAreHidden: Check<DatabaseFacts> = ({ user, mayReadPasswords }) =>
  mayReadPasswords
    ? undefined
    : {
        code: 'PermissionMissing',
        message: `The role "${user}" may not read the roles with their password hashes (pg_authid). Run: GRANT pg_read_all_data TO "${user}"; or set logical.globals: false.`,
      };

const run = <Facts>(checks: Check<Facts>[], facts: Facts): void => {
  for (const check of checks) {
    const found = check(facts);
    if (found !== undefined) {
      throw new EngineError(found.code, found.message, { retryable: found.retryable ?? false });
    }
  }
};

// Throws EngineError where a backup of this server cannot work.
export const checkServer = (facts: ServerFacts, wanted: { version: number; physical: boolean }): void => {
  run([otherMajor(wanted.version)], facts);
  if (wanted.physical) {
    run([mayNotReplicate, walTooPoor, noSenderLeft, noSlotLeft, hasTablespaces], facts);
  }
};

// Throws EngineError where a dump of this database would fail or be incomplete.
export const checkDatabase = (facts: DatabaseFacts): void => run([mayNotReadTables, rowsAreHidden, mayNotReadLargeObjects], facts);

// Throws EngineError where the globals cannot be dumped with their password hashes.
export const checkGlobals = (facts: DatabaseFacts): void => run([passwordsAreHidden], facts);
