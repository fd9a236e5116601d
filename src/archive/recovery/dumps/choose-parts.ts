// What of each dump is restored.
import type { DumpStep } from '../../../core/recovery/dumps.ts';
import { refusal } from '../../../core/recovery/refusal.ts';
import type { DumpFacts } from '../../../engines/postgresql/logical/database-dump.ts';
import { selectPart } from '../../../engines/postgresql/recovery/toc.ts';
import type { Selected, TocEntry } from '../../../engines/postgresql/recovery/toc.ts';
import { RecoveryRefused } from '../refused.ts';
import { readToc } from './read-dump.ts';
import type { Run } from './run.ts';

// `selected`: of the table of contents; undefined: all of it.
export type Part = { dump: DumpStep; entries: TocEntry[]; selected?: Selected };

// What a dump does not hold is refused before anything is changed.
export const chooseParts = async (run: Run, dumps: readonly DumpStep[]): Promise<Part[]> => {
  const { schemas, tables } = run.target;
  const parts: Part[] = [];
  for (const dump of dumps) {
    const entries = await readToc(run, dump);
    if (schemas.length === 0 && tables.length === 0) {
      parts.push({ dump, entries });
      continue;
    }
    const selected = selectPart(entries, { schemas, tables }, dump.create);
    const [missing] = selected.missing;
    if (missing !== undefined) {
      throw new RecoveryRefused(
        refusal('DatabaseNotFound', `The dump of the database "${dump.database}" holds no schema or table "${missing}".`, {
          act: 'Write it as it is in the database, as <table> or <schema>.<table>.',
        }),
      );
    }
    parts.push({ dump, entries, selected });
  }
  return parts;
};

export const tablesToCompare = (facts: readonly DumpFacts[], { dump, entries, selected }: Part): DumpFacts['tables'] => {
  const { tables = [] } = facts.find(({ artifact }) => artifact === dump.artifact) ?? {};
  if (selected === undefined) {
    return tables;
  }
  const restored = entries.filter(({ id, type }) => type === 'TABLE' && selected.ids.has(id)).map(({ schema, tag }) => `${schema}.${tag}`);
  return tables.filter(({ schema, table }) => restored.includes(`${schema}.${table}`));
};
