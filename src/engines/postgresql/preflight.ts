// Asks everything that may go wrong before anything is started: reachable, major, rights, settings, size.
import type { PostgresqlSource } from '../../api/agent.ts';
import type { WholeCopy } from '../../api/backup-type.ts';
import { EngineError } from '../engine.ts';
import type { Parent } from '../engine.ts';
import { checkDatabase, checkGlobals, checkServer } from './checks.ts';
import { connect } from './client.ts';
import type { Session } from './client.ts';
import { listDatabases, readDatabaseFacts } from './database-facts.ts';
import type { DatabaseFacts } from './database-facts.ts';
import { askWhyWhole, predictIncrement, readPlace } from './physical/parent-facts.ts';
import type { ServerPlace } from './physical/parent-facts.ts';
import { readServerFacts } from './server-facts.ts';
import type { ServerFacts } from './server-facts.ts';

export type Preflight = {
  server: ServerFacts;
  // Databases that are dumped, in their order.
  databases: DatabaseFacts[];
  // Stored bytes, guessed from raw sizes: there is no earlier backup to tell.
  predictedBytes: number;
  // Why the physical copy is whole although a parent was given.
  whole?: WholeCopy;
};

// How small things get, guessed on the safe side: pages with half their size, a dump (no indexes) with a quarter of the database's.
const physicalRatio = 0.5;
const logicalRatio = 0.25;

// Throws EngineError with the first thing that is wrong.
export const preflight = async (source: PostgresqlSource, parent?: Parent): Promise<Preflight> => {
  const server = await askServer(source);
  const place = source.physical ? await tryReplication(source) : undefined;
  const whole = parent && (await askParent(source, server, place, parent));
  const databases = source.logical.enabled ? await askDatabases(source) : [];
  const wholeBytes = source.physical ? server.databaseBytes * physicalRatio : 0;
  const physicalBytes = parent === undefined || whole !== undefined ? wholeBytes : predictIncrement(parent, place, wholeBytes);
  const predictedBytes = Math.ceil(physicalBytes + databases.reduce((sum, { bytes }) => sum + bytes * logicalRatio, 0));
  return { server, databases, predictedBytes, ...(whole === undefined ? {} : { whole }) };
};

const within = async <T>(session: Session, work: (session: Session) => Promise<T>): Promise<T> => {
  try {
    return await work(session);
  } finally {
    await session.end();
  }
};

const askServer = async (source: PostgresqlSource): Promise<ServerFacts> => {
  const { credentialsDirectory, database } = source;
  const facts = await within(await connect({ server: source, database, credentialsDirectory }), readServerFacts);
  checkServer(facts, source);
  return facts;
};

// pg_hba.conf has lines of its own for replication.
const tryReplication = async (source: PostgresqlSource): Promise<ServerPlace | undefined> => {
  const { credentialsDirectory, database } = source;
  return within(await connect({ server: source, database, credentialsDirectory, replication: true }), readPlace);
};

const askParent = async (
  source: PostgresqlSource,
  server: ServerFacts,
  place: ServerPlace | undefined,
  parent: Parent,
): Promise<WholeCopy | undefined> => {
  const { credentialsDirectory, database } = source;
  const session = await connect({ server: source, database, credentialsDirectory });
  return within(session, () => askWhyWhole(session, server, place, parent));
};

const askDatabases = async (source: PostgresqlSource): Promise<DatabaseFacts[]> => {
  const { database, logical } = source;
  const { credentialsDirectory } = logical;
  const known = await within(await connect({ server: source, database, credentialsDirectory }), listDatabases);
  const wanted = logical.databases.length === 0 ? known : logical.databases;
  const missing = wanted.filter((name) => !known.includes(name));
  if (missing.length > 0) {
    throw new EngineError(
      'DatabaseMissing',
      `The server has no database ${missing.map((name) => `"${name}"`).join(', ')}; it has ${known.map((name) => `"${name}"`).join(', ')}. Mend logical.databases.`,
    );
  }
  const facts: DatabaseFacts[] = [];
  for (const name of wanted) {
    const found = await within(await connect({ server: source, database: name, credentialsDirectory }), readDatabaseFacts);
    checkDatabase(found);
    facts.push(found);
  }
  if (logical.globals && facts[0] !== undefined) {
    checkGlobals(facts[0]);
  }
  return facts;
};
