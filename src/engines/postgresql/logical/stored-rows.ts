// Rows of the tables as the stored dump has them, and whether that agrees with what the snapshot saw.
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { EngineError } from '../../engine.ts';
import type { TableFacts } from './row-facts.ts';

// Turns the data part of a dump into lines `rows <tab> COPY schema.table (…) FROM stdin;`. Inside COPY only `\.` ends the rows.
// A name may hold line feeds and tabs, so a statement ends where every quote is closed, and is printed with those escaped.
export const countingScript = String.raw`mawk 'copying { if ($0 == "\\.") { print rows "\t" head; copying = 0 } else rows++; next }
  unfinished || /^COPY / {
    head = unfinished ? head "\n" $0 : $0
    quotes = head
    unfinished = gsub(/"/, "", quotes) % 2 || head !~ / FROM stdin;$/
    if (!unfinished) { gsub(/\\/, "&&", head); gsub(/\n/, "\\n", head); gsub(/\t/, "\\t", head); gsub(/\r/, "\\r", head); rows = 0; copying = 1 }
  }'`;

export type StoredRows = { schema: string; table: string; rows: number };

export const readCounts = async (output: Readable): Promise<StoredRows[]> => {
  const counts: StoredRows[] = [];
  for await (const line of createInterface({ input: output, crlfDelay: Infinity })) {
    const [rows = '', head = ''] = line.split('\t', 2);
    const name = parseName(unescape(head.slice('COPY '.length)));
    if (name !== undefined) {
      counts.push({ ...name, rows: Number(rows) });
    }
  }
  return counts;
};

const letters: Record<string, string> = { n: '\n', t: '\t', r: '\r' };
const unescape = (text: string): string => text.replaceAll(/\\(.)/g, (_, letter: string) => letters[letter] ?? letter);

const part = String.raw`("(?:[^"]|"")+"|[^\s".(]+)`;
const qualified = new RegExp(String.raw`^${part}\.${part} `);
const plain = (name: string): string => (name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name);

// `public.orders (id, …)` or `"My schema"."order" (…)`.
const parseName = (text: string): { schema: string; table: string } | undefined => {
  const found = qualified.exec(text);
  return found === null ? undefined : { schema: plain(found[1] ?? ''), table: plain(found[2] ?? '') };
};

const keyOf = ({ schema, table }: { schema: string; table: string }): string => JSON.stringify([schema, table]);

// The facts of all tables. Throws VerificationFailed where the stored dump has another number of rows than its snapshot.
export const compareRows = (database: string, snapshot: readonly TableFacts[], stored: readonly StoredRows[]): TableFacts[] => {
  const found = new Map(stored.map((each) => [keyOf(each), each]));
  const differing = snapshot.filter((facts) => (found.get(keyOf(facts))?.rows ?? 0) !== facts.rows);
  const [first] = differing;
  if (first !== undefined) {
    const rows = found.get(keyOf(first))?.rows ?? 0;
    throw new EngineError(
      'VerificationFailed',
      `The stored dump of the database "${database}" differs from its snapshot in ${differing.length} tables: one has ${rows} rows for ${first.rows}. The dump is not whole.`,
      { retryable: true },
    );
  }
  const known = new Set(snapshot.map(keyOf));
  return [...snapshot, ...stored.filter((each) => !known.has(keyOf(each))).map((each): TableFacts => ({ ...each, counted: 'Dump' }))];
};
