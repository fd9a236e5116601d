// A clock that moves only when told to, with its timers.
export const createVirtualClock = () => {
  let now = 0;
  const timers = new Map<number, { due: number; fire: () => void }>();
  let last = 0;
  return {
    now: () => now,
    schedule(fire: () => void, milliseconds: number): () => void {
      last += 1;
      const id = last;
      timers.set(id, { due: now + milliseconds, fire });
      return () => void timers.delete(id);
    },
    // Fires what falls due on the way, in its order.
    pass(milliseconds: number): void {
      const until = now + milliseconds;
      for (;;) {
        const [next] = [...timers].filter(([, { due }]) => due <= until).toSorted(([a, x], [b, y]) => x.due - y.due || a - b);
        if (next === undefined) {
          break;
        }
        timers.delete(next[0]);
        now = next[1].due;
        next[1].fire();
      }
      now = until;
    },
    waiting: () => timers.size,
  };
};

export type VirtualClock = ReturnType<typeof createVirtualClock>;
