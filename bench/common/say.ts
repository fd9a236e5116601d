// Progress for people, on stderr: stdout has the table and the line of JSON.

const startedAt = performance.now();

export const say = (text: string): void => {
  console.error(`${String(Math.round((performance.now() - startedAt) / 1000)).padStart(4)}s  ${text}`);
};
