// What a role that dumps may see of one database.
import type { Session } from './client.ts';

export type DatabaseFacts = {
  name: string;
  bytes: number;
  user: string;
  isSuperuser: boolean;
  bypassesRowSecurity: boolean;
  // Tables and sequences that the role may not read, and one of them.
  unreadable: number;
  unreadableExample?: string;
  // Tables whose rows are hidden from the role.
  rowSecured: number;
  // Large objects that the role may not read.
  unreadableLargeObjects: number;
  // Whether the role may read the roles' password hashes.
  mayReadPasswords: boolean;
  extensions: string[];
};

const ordinary = `c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%'`;

const question = `
  WITH readable AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relkind, c.relrowsecurity, c.relowner, c.relforcerowsecurity,
           CASE WHEN NOT has_schema_privilege(n.oid, 'USAGE') THEN false
                WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'SELECT')
                ELSE has_table_privilege(c.oid, 'SELECT') END AS allowed
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'S') AND ${ordinary}
  ), large AS (
    SELECT count(*)::int AS hidden FROM pg_largeobject_metadata
    WHERE current_setting('lo_compat_privileges') = 'off' AND NOT pg_has_role(lomowner, 'USAGE')
      AND NOT EXISTS (SELECT FROM aclexplode(lomacl) a WHERE a.privilege_type = 'SELECT' AND (a.grantee = 0 OR pg_has_role(a.grantee, 'USAGE')))
  )
  SELECT current_database()::text AS name,
         pg_database_size(current_database())::float8 AS bytes,
         r.rolname::text AS "user", r.rolsuper AS "isSuperuser", r.rolbypassrls AS "bypassesRowSecurity",
         (SELECT count(*)::int FROM readable WHERE NOT allowed) AS unreadable,
         (SELECT min(name) FROM readable WHERE NOT allowed) AS "unreadableExample",
         (SELECT count(*)::int FROM readable WHERE relrowsecurity AND (relforcerowsecurity OR NOT pg_has_role(relowner, 'USAGE'))) AS "rowSecured",
         (SELECT hidden FROM large) AS "unreadableLargeObjects",
         has_table_privilege('pg_authid', 'SELECT') AS "mayReadPasswords",
         ARRAY(SELECT extname || ' ' || extversion FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1) AS extensions
  FROM pg_roles r WHERE r.rolname = current_user`;

type Answer = Omit<DatabaseFacts, 'unreadableExample'> & { unreadableExample: string | null };

export const readDatabaseFacts = async (session: Session): Promise<DatabaseFacts> => {
  const [answer] = await session.query<Answer>(question);
  if (answer === undefined) {
    throw new TypeError('the server gave no row');
  }
  const { unreadableExample, ...facts } = answer;
  return { ...facts, ...(unreadableExample === null ? {} : { unreadableExample }) };
};

// Databases that can be dumped, in the order of their names.
export const listDatabases = async (session: Session): Promise<string[]> => {
  const rows = await session.query<{ name: string }>(
    'SELECT datname::text AS name FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1',
  );
  return rows.map(({ name }) => name);
};
