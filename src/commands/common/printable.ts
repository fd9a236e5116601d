// Text that comes from a store or a pod, as a terminal may be shown it.

const unsafe = /[\p{Cc}\p{Bidi_Control}]/gu;

// Control characters could move the cursor, rewrite lines or turn the writing round. They become "�"; tabs and newlines stay.
export const printable = (text: string): string =>
  text.replaceAll(unsafe, (character) => (character === '\n' || character === '\t' ? character : '�'));

// The same on one line, for a cell of a table.
export const oneLine = (text: string): string => printable(text.replaceAll(/\s+/g, ' ').trim());
