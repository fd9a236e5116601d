// The table of contents of a dump (`pg_restore --list --verbose`), and which of its entries are restored when somebody wants a part. Pure.

export type TocEntry = { id: number; type: string; schema: string; tag: string; line: string; dependsOn: number[] };

export type Part = { schemas: readonly string[]; tables: readonly string[] };

// `215; 1259 16403 TABLE public customers postgres`. Types are in capitals; a schema of "-" is none.
const entry = /^(\d+); \d+ \d+ ([A-Z][A-Z ]*[A-Z]) (\S+) (.*) (\S+)$/;

export const readToc = (text: string): TocEntry[] => {
  const entries: TocEntry[] = [];
  for (const line of text.split('\n')) {
    const found = entry.exec(line);
    if (found !== null) {
      const [, id = '', type = '', schema = '', tag = ''] = found;
      entries.push({ id: Number(id), type, schema, tag, line, dependsOn: [] });
    }
    const depends = /^;\s+depends on: ([\d ]+)$/.exec(line)?.[1];
    entries.at(-1)?.dependsOn.push(
      ...(depends ?? '')
        .split(' ')
        .filter((each) => each !== '')
        .map(Number),
    );
  }
  return entries;
};

const tables = new Set(['TABLE', 'VIEW', 'MATERIALIZED VIEW', 'FOREIGN TABLE', 'SEQUENCE']);
// What hangs on a table and is nothing without it.
const attached = new Set([
  'TABLE DATA',
  'TABLE ATTACH',
  'MATERIALIZED VIEW DATA',
  'INDEX',
  'INDEX ATTACH',
  'CONSTRAINT',
  'CHECK CONSTRAINT',
  'FK CONSTRAINT',
  'TRIGGER',
  'DEFAULT',
  'SEQUENCE',
  'SEQUENCE OWNED BY',
  'SEQUENCE SET',
  'COMMENT',
  'ACL',
  'RULE',
  'POLICY',
  'ROW SECURITY',
  'STATISTICS',
]);

// `schema.table`, or a table of any schema.
const isWanted = ({ schema, tag }: TocEntry, wanted: string): boolean => wanted === `${schema}.${tag}` || wanted === tag;

export type Selected = { ids: Set<number>; missing: string[] };

// The chosen schemas and tables with all that hangs on them, the sequences of their columns, and (`whole`: into a new database) the types, functions and extensions that they need.
export const selectPart = (entries: readonly TocEntry[], part: Part, whole: boolean): Selected => {
  const byId = new Map(entries.map((each) => [each.id, each]));
  const ids = new Set<number>();
  for (const each of entries) {
    const inSchema = part.schemas.includes(each.schema) || (each.type === 'SCHEMA' && part.schemas.includes(each.tag));
    if (inSchema || (tables.has(each.type) && part.tables.some((wanted) => isWanted(each, wanted)))) {
      ids.add(each.id);
    }
  }
  const missing = [
    ...part.tables.filter((wanted) => !entries.some((each) => tables.has(each.type) && isWanted(each, wanted))),
    ...part.schemas.filter(
      (wanted) => !entries.some(({ schema, type, tag }) => schema === wanted || (type === 'SCHEMA' && tag === wanted)),
    ),
  ];
  for (let before = -1; before !== ids.size;) {
    before = ids.size;
    entries
      .filter((each) => attached.has(each.type) && each.dependsOn.some((id) => ids.has(id)) && isComplete(each, ids, byId, whole))
      .forEach(({ id }) => ids.add(id));
    [...ids]
      .flatMap((id) => byId.get(id)?.dependsOn ?? [])
      .forEach((id) => {
        const needed = byId.get(id);
        if (needed !== undefined && (needed.type === 'SEQUENCE' || (whole && !tables.has(needed.type) && !attached.has(needed.type)))) {
          ids.add(id);
        }
      });
  }
  return { ids, missing };
};

// In a new database a foreign key to a table that is not restored could not be made.
const isComplete = (
  { type, dependsOn }: TocEntry,
  ids: ReadonlySet<number>,
  byId: ReadonlyMap<number, TocEntry>,
  whole: boolean,
): boolean =>
  !whole ||
  type !== 'FK CONSTRAINT' ||
  dependsOn.every((id) => ids.has(id) || !byId.has(id) || !['TABLE', 'CONSTRAINT', 'INDEX'].includes(byId.get(id)?.type ?? ''));

// What `pg_restore --use-list` takes. A database that is made needs its own entries as well.
export const listFile = (entries: readonly TocEntry[], ids: ReadonlySet<number>): string =>
  entries
    .filter(({ id, type }) => ids.has(id) || type.startsWith('DATABASE'))
    .map(({ line }) => `${line}\n`)
    .join('');
