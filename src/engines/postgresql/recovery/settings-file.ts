// Files in the form of postgresql.conf: what they set, and the same text with some lines taken out of force. Pure.

export type Setting = { name: string; value: string };

// `name = 'value' # comment`, `name value`, with the equals sign or without it.
const line = /^\s*([A-Za-z_][\w.]*)\s*(?:=\s*|\s+)('(?:[^'\\]|''|\\.)*'|[^\s#]*)\s*(?:#.*)?$/;

const unquoted = (text: string): string =>
  text.startsWith("'") ? text.slice(1, -1).replaceAll("''", "'").replaceAll(/\\(.)/g, '$1') : text;

const readLine = (text: string): Setting | undefined => {
  const [, name, value = ''] = line.exec(text) ?? [];
  return name === undefined ? undefined : { name: name.toLowerCase(), value: unquoted(value) };
};

// In their order; the last one of a name is in force.
export const readSettings = (text: string): Setting[] => text.split('\n').flatMap((each) => readLine(each) ?? []);

export const quoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

// Puts a mark before every line that sets one of these names, so that it is a comment that a person can undo.
export const commentOut = (text: string, mark: string, takes: (setting: Setting) => boolean): { text: string; taken: Setting[] } => {
  const taken: Setting[] = [];
  const lines = text.split('\n').map((each) => {
    const setting = readLine(each);
    if (setting === undefined || !takes(setting)) {
      return each;
    }
    taken.push(setting);
    return `${mark}${each}`;
  });
  return { text: lines.join('\n'), taken };
};
