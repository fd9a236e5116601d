// Which statements of pg_dumpall --globals-only are run on a server: roles that it lacks are made, roles that it has stay as they are. Pure.
import { splitStatements } from './statements.ts';

export type RolePlan = { statements: string[]; made: string[]; kept: string[] };

const name = String.raw`("(?:[^"]|"")*"|[^\s;"]+)`;
const create = new RegExp(`^CREATE ROLE ${name}$`);
// A role that is there is not changed: its password and rights may be another cluster's.
const about = new RegExp(`^(?:ALTER ROLE|COMMENT ON ROLE|SECURITY LABEL FOR \\S+ ON ROLE) ${name}\\s`);
const wanted = /^(CREATE ROLE|ALTER ROLE|COMMENT ON ROLE|SECURITY LABEL FOR \S+ ON ROLE|GRANT|SET) /;

const plain = (identifier: string): string => (identifier.startsWith('"') ? identifier.slice(1, -1).replaceAll('""', '"') : identifier);

// Tablespaces are places on the disks of another machine: they are left out.
export const planRoles = (globals: string, existing: readonly string[]): RolePlan => {
  const there = new Set(existing);
  const plan: RolePlan = { statements: [], made: [], kept: [] };
  for (const statement of splitStatements(globals)) {
    const created = create.exec(statement)?.[1];
    if (created !== undefined) {
      (there.has(plain(created)) ? plan.kept : plan.made).push(plain(created));
    }
    const role = created ?? about.exec(`${statement} `)?.[1];
    if (wanted.test(statement) && !(role !== undefined && there.has(plain(role)))) {
      plan.statements.push(statement);
    }
  }
  return plan;
};
