// What a result says besides why it failed.
const known = new WeakMap<object, object>();

// The error itself, with what shall be told beside it.
export const failedWith = (error: unknown, facts: object): unknown => {
  if (error instanceof Object) {
    known.set(error, { ...known.get(error), ...facts });
  }
  return error;
};

export const factsOfFailure = (error: unknown): object => (error instanceof Object ? (known.get(error) ?? {}) : {});
