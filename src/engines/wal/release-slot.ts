// Gives a replication slot up for good, so that the server may remove its WAL. What is not ours is left alone.
import { setTimeout as pause } from 'node:timers/promises';
import { EngineError } from '../engine.ts';
import { applicationName, connect } from '../postgresql/client.ts';
import type { Session, Target } from '../postgresql/client.ts';

const pauseMilliseconds = 500;

type Holder = { type: string; pid: number | null; name: string | null; user: string | null; place: string | null };

// Drops the physical slot of this name. False: there is none. A sender that still holds it is waited for: that of a receiver which died is noticed by
// the server after wal_sender_timeout.
export const releaseSlot = async (target: Target, slot: string, patienceMilliseconds: number, signal: AbortSignal): Promise<boolean> => {
  const session = await connect({ ...target, replication: false });
  try {
    for (const end = Date.now() + patienceMilliseconds; ;) {
      signal.throwIfAborted();
      const found = await readHolder(session, slot);
      if (found === undefined) {
        return false;
      }
      refuseForeign(found, slot);
      if (found.pid === null && (await isDropped(target, slot))) {
        return true;
      }
      if (Date.now() >= end) {
        throw stillHeld(found, slot);
      }
      await pause(pauseMilliseconds, undefined, { signal });
    }
  } finally {
    await session.end();
  }
};

// The name that a session goes by is shown to its own role only.
const readHolder = async (session: Session, slot: string): Promise<Holder | undefined> => {
  const [row] = await session.query<Holder>(
    `SELECT slot_type AS type, active_pid AS pid, application_name AS name, usename AS user, host(client_addr) AS place
       FROM pg_replication_slots LEFT JOIN pg_stat_activity ON pid = active_pid WHERE slot_name = $1`,
    [slot],
  );
  return row;
};

const refuseForeign = ({ type, name, user }: Holder, slot: string): void => {
  if (type !== 'physical') {
    throw new EngineError('SlotForeign', `The replication slot "${slot}" is a ${type} one, which Holdfast never makes. It was left alone.`);
  }
  if (name !== null && name !== '' && name !== applicationName) {
    throw new EngineError(
      'SlotForeign',
      `The replication slot "${slot}" is in use by "${name}" (role "${user}"), which is no receiver of Holdfast. It was left alone.`,
    );
  }
};

// False: a sender has taken it in between.
const isDropped = async (target: Target, slot: string): Promise<boolean> => {
  const replication = await connect({ ...target, replication: true });
  try {
    await replication.query(`DROP_REPLICATION_SLOT "${slot}"`);
    return true;
  } catch (error) {
    if (/is active for PID/.test(String(error))) {
      return false;
    }
    throw error;
  } finally {
    await replication.end();
  }
};

const stillHeld = ({ pid, user, place }: Holder, slot: string): EngineError =>
  new EngineError(
    'SlotInUse',
    `A sender still holds the replication slot "${slot}" (process ${pid}, role "${user}", to ${place}): another receiver is at work, or one died and the server has not noticed. Where nobody needs it: SELECT pg_terminate_backend(${pid}); SELECT pg_drop_replication_slot('${slot}');`,
    { retryable: true },
  );
