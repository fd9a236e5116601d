// A replication slot for the time of one backup: it keeps the WAL that the copy will need. It dies with its connection, so nothing can be forgotten.
import { randomBytes } from 'node:crypto';
import type { PostgresqlSource } from '../../../api/agent.ts';
import type { Log } from '../../../telemetry/log.ts';
import { connect } from '../client.ts';

export type Slot = { close(): Promise<void> };

const signOfLifeMilliseconds = 30_000;

// Reserves WAL from the last checkpoint on. Throws EngineError where no slot is to be had.
export const holdSlot = async (source: PostgresqlSource, log: Log): Promise<Slot> => {
  const { credentialsDirectory, database } = source;
  const session = await connect({ server: source, database, credentialsDirectory, replication: true });
  try {
    await session.query(`CREATE_REPLICATION_SLOT holdfast_${randomBytes(6).toString('hex')} TEMPORARY PHYSICAL RESERVE_WAL`);
  } catch (error) {
    await session.end();
    throw error;
  }
  // A connection without any traffic is cut by some networks.
  const timer = setInterval(() => {
    session.query('IDENTIFY_SYSTEM').catch((error: unknown) => log.warn('Lost the slot that keeps WAL for this backup', { error }));
  }, signOfLifeMilliseconds);
  return {
    async close() {
      clearInterval(timer);
      await session.end();
    },
  };
};
