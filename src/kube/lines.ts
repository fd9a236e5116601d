// Splits a stream of bytes into lines. A line longer than the limit is left out: nobody may fill our memory by printing no newline.
import { StringDecoder } from 'node:string_decoder';

export async function* splitLines(chunks: AsyncIterable<Uint8Array>, longestCharacters: number): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  let skipping = false;
  for await (const chunk of chunks) {
    const parts = (rest + decoder.write(Buffer.from(chunk))).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      if (!skipping && line.length <= longestCharacters) {
        yield line;
      }
      skipping = false;
    }
    if (rest.length > longestCharacters) {
      skipping = true;
    }
    if (skipping) {
      rest = '';
    }
  }
  rest += decoder.end();
  if (rest !== '' && !skipping && rest.length <= longestCharacters) {
    yield rest;
  }
}
