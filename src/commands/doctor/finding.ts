// What a check comes to. What could not be checked never looks like what is well.

export type State = 'Ok' | 'Problem' | 'Unknown';

export type Finding = {
  check: string;
  state: State;
  says: string;
  // What to do; absent where all is well.
  next?: string;
};

export const ok = (check: string, says: string): Finding => ({ check, state: 'Ok', says });
export const problem = (check: string, says: string, next: string): Finding => ({ check, state: 'Problem', says, next });
export const unknown = (check: string, says: string, next: string): Finding => ({ check, state: 'Unknown', says, next });

// Something of the cluster, or why it could not be read.
export type Read<T> = { value: T } | { failure: string };

// A fact that the caller may not read, or that did not answer.
export const unread = (check: string, failure: string): Finding =>
  unknown(check, `It could not be checked: ${failure}`, 'Ask for the right that the message names, or let somebody run this who has it.');
