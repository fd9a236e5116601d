// Whether a receiver may be one of the standbys that a server waits for when it commits.

// By synchronous_standby_names and the name that the receiver goes by. What the server makes of it, it shows to members of pg_read_all_stats only.
// A name that is only second in line counts, too: it becomes the first when the other one is gone, which is the worst moment.
export const mayBeSynchronous = (names: string, receiver: string): boolean => {
  const list = /^\s*(?:(?:FIRST|ANY)\s+)?\d+\s*\((.*)\)\s*$/is.exec(names)?.[1] ?? names;
  return list
    .split(',')
    .map((name) => name.trim())
    .some((name) => name === '*' || unquoted(name).toLowerCase() === receiver.toLowerCase());
};

const unquoted = (name: string): string => (/^".*"$/.test(name) ? name.slice(1, -1).replaceAll('""', '"') : name);
