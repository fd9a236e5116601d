// SQL text as single statements: quotes, dollar quotes and comments are understood, commands of psql are left out. Pure.

const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(\w*)\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|;|^\\[^\n]*$|[^'"$;\-/\\\n]+|[\s\S]/gm;

export const splitStatements = (sql: string): string[] => {
  const statements: string[] = [];
  let current = '';
  for (const [text] of sql.matchAll(token)) {
    if (text === ';') {
      statements.push(current.trim());
      current = '';
    } else if (!text.startsWith('--') && !text.startsWith('/*') && !text.startsWith('\\')) {
      current += text;
    }
  }
  return [...statements, current.trim()].filter((statement) => statement !== '');
};
