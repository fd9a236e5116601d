// What failed, so short that it is there for a reader who has nothing but the last lines of the output.
import type { Failure } from './run-group.ts';

const wholeLength = 1500;
const leastLength = 100;

// A line for each failure: its step, its name, and as much of the reason as there is room for.
export const lastWords = (steps: { name: string; failures: Failure[] }[]): string[] => {
  const failed = steps.flatMap(({ name, failures }) => failures.map((failure) => ({ name, ...failure })));
  const room = Math.max(leastLength, Math.floor(wholeLength / Math.max(1, failed.length)));
  return failed.map(({ name, title, details }) => {
    const head = `${name} failed: ${shortened(title, room / 2)}`;
    return `${head}: ${shortened(reasonIn(details), room - head.length)}`;
  });
};

// The values come first: the message of an assertion only says that it failed.
const reasonIn = (details: string[]): string => {
  const words = details
    .map((line) => line.trim())
    .filter((line) => !/^(---|\.\.\.|name:|assertion:|at:|type:|duration|ExecutionContext\.|\(?file:)/.test(line));
  const from = words.findIndex((line) => line.startsWith('values:'));
  return [...words.slice(Math.max(0, from)), ...words.slice(0, Math.max(0, from))].join(' ').replaceAll(/\s+/g, ' ');
};

const shortened = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`);
