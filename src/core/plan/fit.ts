// A status stays under 32 KiB: etcd, every list and every watch carry it.
import { cut } from './conditions.ts';

const mostBytes = 32 * 1024 - 1;
const lengths = [1024, 512, 256, 128];
const shortest = 64;

const fits = (status: object): boolean => new TextEncoder().encode(JSON.stringify(status)).length <= mostBytes;

// The first that fits: the status as it is, or with its texts limited to fewer and fewer characters. Limiting again what was limited changes nothing.
export const fit = <Status extends object>(status: Status, limited: (status: Status, most: number) => Status): Status =>
  fits(status) ? status : limited(status, lengths.find((length) => fits(limited(status, length))) ?? shortest);

// The same, after something else was left out where it does not fit.
export const fitWithout = <Status extends object>(
  status: Status,
  leaveOut: (status: Status) => Status,
  limited: (status: Status, most: number) => Status,
): Status => (fits(status) ? status : fit(leaveOut(status), limited));

// Cuts the message of each.
export const shortMessages = <T extends { message?: string | undefined }>(all: T[], most: number): T[] =>
  all.map((each) => (each.message === undefined ? each : { ...each, message: cut(each.message, most) }));
