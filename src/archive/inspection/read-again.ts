// Which manifests an inspection reads although a snapshot speaks for them.

// The newest ones, which people rely on first, and a share of the others that changes every hour: each is read within a day.
const newest = 2;
const shares = 24;

// Places in the list of `count` manifests. Without an hour none: who only looks believes the snapshot.
export const readAgain = (count: number, now: number | undefined): number[] => {
  if (now === undefined) {
    return [];
  }
  const hour = Math.floor(now / 3_600_000);
  return Array.from({ length: count }, (_, index) => index).filter((index) => index >= count - newest || index % shares === hour % shares);
};
