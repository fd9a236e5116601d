// What was measured when each step of an agent ended, by the lines that it prints.
import type { Measured } from './measure.ts';

export type Steps<T> = {
  onLine: (line: string, soFar: () => Measured) => void;
  // Throws where the agent never said so.
  ended(step: string): T;
};

export const stepReader = <T>(at: (measured: Measured) => T): Steps<T> => {
  const ends = new Map<string, T>();
  return {
    onLine(line, soFar) {
      const said = JSON.parse(line) as { message?: string; step?: string };
      if (said.message === 'Ended a step' && said.step !== undefined) {
        ends.set(said.step, at(soFar()));
      }
    },
    ended(step) {
      const found = ends.get(step);
      if (found === undefined) {
        throw new Error(`The agent said nothing of the end of the step "${step}".`);
      }
      return found;
    },
  };
};
