// Runs the naive receiver as a process of its own.
import { join } from 'node:path';
import { lsnBytes, lsnText, segmentStart } from '../../src/api/lsn.ts';
import type { Contestant } from '../common/contestant.ts';
import type { Keys } from '../common/keys.ts';
import { measure } from '../common/measure.ts';
import { segmentBytes, withSlot } from './backlog.ts';

const slot = 'naive_bench';

export const limit = (keys: Keys): Contestant => ({
  name: 'naive',
  target: 'directory',
  run: ({ server }) =>
    withSlot(server, slot, async () => {
      const [row] = await server.query<{ from: string; to: string }>(
        `SELECT restart_lsn::text AS from, pg_current_wal_lsn()::text AS to FROM pg_replication_slots WHERE slot_name = '${slot}'`,
      );
      const [from, to] = [row?.from, row?.to].map((lsn) => lsnText(segmentStart(lsnBytes(lsn ?? ''), segmentBytes))) as [string, string];
      const measured = await measure({
        words: [process.execPath, join(import.meta.dirname, 'naive.ts'), String(server.port), slot, from, to, keys.recipient],
      });
      return { ...measured, stored: { bytes: 0, objects: 0 } };
    }),
});
