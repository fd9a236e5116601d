// Work on many things at a time, with results in the order of the things.

// Keeps at most `atOnce` pieces of work going. The first failure, in order, ends it; what is under way then is waited for and not reported.
export async function* inOrder<T, R>(
  source: AsyncIterable<T> | Iterable<T>,
  atOnce: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const going: Promise<R>[] = [];
  try {
    for await (const item of source) {
      const started = work(item);
      // Looked at below, in its turn.
      started.catch(() => undefined);
      going.push(started);
      if (going.length === atOnce) {
        yield await (going.shift() as Promise<R>);
      }
    }
    while (going.length > 0) {
      yield await (going.shift() as Promise<R>);
    }
  } finally {
    await Promise.allSettled(going);
  }
}
