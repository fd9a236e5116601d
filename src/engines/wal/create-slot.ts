// Makes the replication slot of a receiver: it keeps WAL that was not archived yet, and it is the lock between receivers.
import { connect } from '../postgresql/client.ts';
import type { Target } from '../postgresql/client.ts';

// Reserves WAL from the last checkpoint on.
export const createSlot = async (target: Target, slot: string): Promise<void> => {
  const replication = await connect({ ...target, replication: true });
  try {
    await replication.query(`CREATE_REPLICATION_SLOT "${slot}" PHYSICAL RESERVE_WAL`);
  } finally {
    await replication.end();
  }
};
