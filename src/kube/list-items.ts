// Takes a list of the API apart as it comes, object by object: a page of a thousand would be megabytes of text and of garbage at once.

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];
// In the list its items are the only array that deep.
const [listDepth, itemDepth] = [1, 2];
// In an item: metadata.managedFields.
const notesDepth = itemDepth + 2;
const notesKey = Buffer.from('"managedFields":');

// Hands each object to `onItem`, without the notes of who manages which field: they are half of it, and nobody here reads them.
// Returns what is around the items, with none of them.
export const readList = async (chunks: AsyncIterable<Uint8Array>, onItem: (item: unknown) => void): Promise<unknown> => {
  const taker = createTaker(onItem);
  for await (const chunk of chunks) {
    taker.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }
  return JSON.parse(taker.around()) as unknown;
};

const createTaker = (onItem: (item: unknown) => void) => {
  // The item that has begun, and what is around the items, as pieces.
  let item: Buffer[] = [];
  const around: Buffer[] = [];
  let depth = 0;
  let inString = false;
  let escaped = false;
  let inItems = false;
  let inNotes = false;

  // Where a string that goes on at `start` has ended: behind its quote, or behind the chunk.
  const pastString = (chunk: Buffer, start: number): number => {
    let at = escaped ? start + 1 : start;
    while (at < chunk.length && chunk[at] !== quote) {
      at += chunk[at] === backslash ? 2 : 1;
    }
    inString = at >= chunk.length;
    // What the last byte escapes comes with the next chunk.
    escaped = at > chunk.length;
    return at + 1;
  };

  const take = (chunk: Buffer): void => {
    // Where what must be kept of this chunk begins.
    let from = 0;
    const keep = (to: number): void => {
      if (to > from && !inNotes) {
        (inItems && depth >= itemDepth ? item : around).push(chunk.subarray(from, to));
      }
      from = to;
    };
    // The key may have begun in the chunk before.
    const isAfterNotesKey = (at: number): boolean =>
      at >= notesKey.length
        ? chunk.compare(notesKey, 0, notesKey.length, at - notesKey.length, at) === 0
        : Buffer.concat([...item.slice(-2), chunk.subarray(0, at)])
            .subarray(-notesKey.length)
            .equals(notesKey);

    const open = (byte: number, at: number): void => {
      if (byte === openBracket && depth === listDepth) {
        keep(at + 1);
        inItems = true;
      } else if (inItems && depth === itemDepth && byte === openBrace) {
        // The comma before it belongs to nothing.
        from = at;
      } else if (inItems && depth === notesDepth && byte === openBracket && isAfterNotesKey(at)) {
        keep(at + 1);
        inNotes = true;
      }
      depth += 1;
    };
    const close = (byte: number, at: number): void => {
      depth -= 1;
      if (inNotes && depth === notesDepth && byte === closeBracket) {
        inNotes = false;
        from = at;
      } else if (inItems && depth === itemDepth && byte === closeBrace) {
        keep(at + 1);
        onItem(JSON.parse(textOf(item)));
        item = [];
      } else if (inItems && depth === listDepth) {
        inItems = false;
        from = at;
      }
    };

    for (let at = inString ? pastString(chunk, 0) : 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte === quote) {
        at = pastString(chunk, at + 1) - 1;
      } else if (byte === openBrace || byte === openBracket) {
        open(byte, at);
      } else if (byte === closeBrace || byte === closeBracket) {
        close(byte, at);
      }
    }
    // Between two items there is a comma only.
    if (!(inItems && depth === itemDepth)) {
      keep(chunk.length);
    }
  };
  return { take, around: (): string => textOf(around) };
};

const textOf = (parts: Buffer[]): string =>
  (parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)).toString('utf8');
