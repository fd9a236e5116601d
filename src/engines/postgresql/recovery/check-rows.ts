// Whether the tables of a restored database have the rows that the snapshot of its dump saw.
import { EngineError } from '../../engine.ts';
import type { TableFacts } from '../logical/row-facts.ts';
import { rowsQuestion } from '../logical/row-facts.ts';
import { sameText } from '../logical/snapshot.ts';
import { ofDatabase, runSql } from './connection.ts';
import type { Connection } from './connection.ts';

const mostNamed = 3;

// `called`: what people know it as. `after`: what becomes of it where rows differ.
export type Checked = { database: string; called: string; after: string };

// Throws VerificationFailed with the tables that differ. Gives how many were compared.
export const checkRows = async (
  connection: Connection,
  { database, called, after }: Checked,
  tables: readonly TableFacts[],
  signal: AbortSignal,
): Promise<number> => {
  const questions = tables.map(({ schema, table }, at) => `SELECT ${at}, rows, digest FROM (${rowsQuestion(schema, table)}) AS counted;`);
  const sql = ['BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;', `${sameText};`, ...questions, 'COMMIT;'].join('\n');
  const answers = await runSql(connection, ofDatabase(connection, database), sql, {
    signal,
    what: `Counting the rows of the database "${called}"`,
  });
  const found = new Map(answers.map(([at, rows, digest]) => [Number(at), { rows: Number(rows), digest }]));
  const wrong = tables.filter(({ rows, digest }, at) => {
    const counted = found.get(at);
    return counted === undefined || counted.rows !== rows || (digest !== undefined && counted.digest !== digest);
  });
  if (wrong.length > 0) {
    const names = wrong.slice(0, mostNamed).map(({ schema, table }) => `${schema}.${table}`);
    throw new EngineError(
      'VerificationFailed',
      `${wrong.length} of ${tables.length} tables of the restored database "${called}" have other rows than the backup: ${names.join(', ')}. ${after}`,
    );
  }
  return tables.length;
};
