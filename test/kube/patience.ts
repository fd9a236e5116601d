// Waiting in tests.
export const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds));

// Waits for a fact, and fails with its name.
export const eventually = async (what: string, fact: () => boolean | Promise<boolean>, seconds = 15): Promise<void> => {
  for (const until = performance.now() + seconds * 1000; !(await fact());) {
    if (performance.now() > until) {
      throw new Error(`After ${seconds} s still not: ${what}`);
    }
    await sleep(20);
  }
};
