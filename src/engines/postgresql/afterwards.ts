// Waits for work, and then for what must be done after it, however it ended.
export const afterwards = async (work: Promise<void>, then: () => Promise<void>): Promise<void> => {
  try {
    await work;
  } finally {
    await then();
  }
};
