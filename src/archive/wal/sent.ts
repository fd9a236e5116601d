// What this process has sent to the store lately. When a connection breaks, some of it is stored and not named yet; it comes again, sealed anew, under the
// same name.

// By the digest of what was sent.
export type Sent = { add(sha256: string): void; has(sha256: string): boolean };

// Far more than can be under way, and nothing to hold.
const mostKnown = 1000;

export const makeSent = (): Sent => {
  const known = new Set<string>();
  return {
    add(sha256) {
      known.add(sha256);
      const [oldest] = known;
      if (oldest !== undefined && known.size > mostKnown) {
        known.delete(oldest);
      }
    },
    has: (sha256) => known.has(sha256),
  };
};
