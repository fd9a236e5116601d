// What a dump says of its database as a whole, as statements about a database of another name. Pure.
import { EngineError } from '../../engine.ts';
import { splitStatements } from './statements.ts';
import type { TocEntry } from './toc.ts';

export type DatabaseScript = {
  // How the text of the others is to be read.
  preamble: string[];
  create: string;
  // Its owner and settings.
  properties: string[];
  rights: string[];
  comments: string[];
};

const name = String.raw`(?:"(?:[^"]|"")*"|[^\s;"]+)`;
const about = new RegExp(
  `^(CREATE DATABASE |ALTER DATABASE |COMMENT ON DATABASE |ALTER ROLE ${name} IN DATABASE |(?:GRANT|REVOKE) [A-Z, ]+ ON DATABASE |SECURITY LABEL FOR ${name} ON DATABASE )${name}(?=\\s|$)`,
);
const needed = /^(SET (client_encoding|standard_conforming_strings) |SELECT pg_catalog\.set_config\('search_path', '')/;
const session = /^(SET|RESET) SESSION AUTHORIZATION/;
const others = /^(SET|SELECT pg_catalog\.set_config) ?/;
// A tablespace is a place on the disks of another machine.
const tablespace = new RegExp(` TABLESPACE = ${name}`);

// `sql`: what `pg_restore --create` writes of the entries of the database. What is not understood is refused: nothing is left out silently.
export const readDatabaseScript = (sql: string, as: string): DatabaseScript => {
  const script: DatabaseScript = { preamble: [], create: '', properties: [], rights: [], comments: [] };
  for (const statement of splitStatements(sql)) {
    const renamed = statement.replace(about, (_, before: string) => `${before}${quoted(as)}`);
    if (!about.test(statement)) {
      placeOther(script, statement);
    } else if (statement.startsWith('CREATE DATABASE')) {
      script.create = renamed.replace(tablespace, '');
    } else if (statement.startsWith('ALTER')) {
      script.properties.push(renamed);
    } else {
      (statement.startsWith('COMMENT') ? script.comments : script.rights).push(renamed);
    }
  }
  return script;
};

const placeOther = (script: DatabaseScript, statement: string): void => {
  if (needed.test(statement)) {
    script.preamble.push(statement);
  } else if (session.test(statement)) {
    script.rights.push(statement);
  } else if (!others.test(statement)) {
    throw new EngineError(
      'RestoreFailed',
      `The dump says something of its database that Holdfast does not know: ${statement.slice(0, 80)}. Make the database yourself, and name it as the one to restore into. Please report this.`,
    );
  }
};

export const quoted = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

// The entries that make a database, and, of a whole restore, those that say who may do what with it.
export const ofDatabaseItself = ({ type, schema, tag }: TocEntry, whole: boolean): boolean =>
  type.startsWith('DATABASE') ||
  (whole && schema === '-' && ['ACL', 'COMMENT', 'SECURITY LABEL'].includes(type) && tag.startsWith('DATABASE '));
