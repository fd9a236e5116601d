// The exact command that would work where this one was refused.
import type { Remedy } from '../../core/recovery/refusal.ts';

type Given = Record<string, string | string[] | boolean | undefined>;

const points = ['latest', 'backup', 'to-time', 'to-lsn', 'to-name'];

export const dashed = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);

// What stands between < and > is for the reader to fill in: it is not quoted.
const word = (value: string): string => (/^<.*>$/.test(value) ? value : shellWord(value));

export const nextStep = (command: string, given: object, { options, act }: Remedy): string => {
  if (options === undefined || Object.keys(options).length === 0) {
    return act ?? 'Mend what the message names, and run the command again.';
  }
  const line = commandLine(command, given as Given, options);
  return act === undefined ? line : `${line} (${act})`;
};

const commandLine = (command: string, given: Given, changes: NonNullable<Remedy['options']>): string => {
  const entries = new Map(Object.entries(given).map(([name, value]) => [dashed(name), value]));
  // One point takes the place of another.
  if (points.some((name) => changes[name] !== undefined)) {
    points.forEach((name) => entries.delete(name));
  }
  Object.entries(changes).forEach(([name, value]) => entries.set(name, value));
  const words = [...entries].flatMap(([name, value]) => {
    if (value === undefined || (value === true && name === 'roles') || name === 'output') {
      return [];
    }
    if (value === false) {
      return [`--no-${name}`];
    }
    return value === true ? [`--${name}`] : [value].flat().map((each) => `--${name} ${word(each)}`);
  });
  return `kubectl holdfast ${command} ${words.join(' ')}`;
};
