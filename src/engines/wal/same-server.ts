// Whether two addresses lead to one and the same running server, and not to a copy or a standby of it.
import type { Session } from '../postgresql/client.ts';

// No two servers of one system identifier were started in the same microsecond.
const idOf = async (session: Session): Promise<string | undefined> => {
  const [row] = await session.query<{ id: string }>(
    `SELECT system_identifier::text || ' ' || extract(epoch FROM pg_postmaster_start_time())::text AS id FROM pg_control_system()`,
  );
  return row?.id;
};

export const isSameServer = async (one: Session, other: Session): Promise<boolean> => {
  const id = await idOf(one);
  return id !== undefined && id === (await idOf(other));
};
