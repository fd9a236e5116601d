// The replication slot of a receiver: it keeps WAL that was not archived yet, and it is the lock between receivers.
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../postgresql/client.ts';
import type { Target } from '../postgresql/client.ts';
import { readSlot } from './server.ts';

const dropTries = 50;
const dropPauseMilliseconds = 200;

// Reserves WAL from the last checkpoint on.
export const createSlot = async (target: Target, slot: string): Promise<void> => {
  const replication = await connect({ ...target, replication: true });
  try {
    await replication.query(`CREATE_REPLICATION_SLOT "${slot}" PHYSICAL RESERVE_WAL`);
  } finally {
    await replication.end();
  }
};

// Drops the slot, so that the server may remove its WAL. A sender that still holds it is waited for. False: there was none.
export const dropSlot = async (target: Target, slot: string): Promise<boolean> => {
  const session = await connect({ ...target, replication: false });
  const replication = await connect({ ...target, replication: true });
  try {
    for (let tries = 1; ; tries += 1) {
      const found = await readSlot(session, slot);
      if (found === undefined) {
        return tries > 1;
      }
      try {
        await replication.query(`DROP_REPLICATION_SLOT "${slot}"`);
        return true;
      } catch (error) {
        if (tries === dropTries) {
          throw error;
        }
      }
      await pause(dropPauseMilliseconds);
    }
  } finally {
    await session.end();
    await replication.end();
  }
};
