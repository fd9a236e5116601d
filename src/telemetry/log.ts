// Logs are lines of JSON on stdout, redacted. Messages begin with a capital and have no full stop; names and numbers are fields.
import { Writable } from 'node:stream';
import winston from 'winston';
import { redact } from './redact.ts';

export type Fields = Record<string, unknown>;

export type Log = {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  child(fields: Fields): Log;
};

const asFields = (error: Error): Fields => ({
  error: error.message,
  errorName: error.name,
  ...('code' in error ? { errorCode: String(error.code) } : {}),
});

// An Error among the fields becomes its name, code and message. The stack is kept for faults of ours only (TypeError and the like).
const plain = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]): [string, unknown][] => {
      if (!(value instanceof Error)) {
        return [[key, value]];
      }
      const stack: [string, unknown][] = value instanceof TypeError || value instanceof RangeError ? [['stack', value.stack]] : [];
      return [...Object.entries(asFields(value)), ...stack];
    }),
  );

// Makes a log that hands each finished, redacted line to `writeLine`.
export const createLog = (writeLine: (line: string) => void, base: Fields = {}, level = process.env['LOG_LEVEL'] ?? 'info'): Log => {
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      writeLine(redact(String(chunk).trimEnd()));
      done();
    },
  });
  const logger = winston.createLogger({
    level,
    format: winston.format.combine(
      winston.format((info) => Object.assign(info, { time: new Date().toISOString() }))(),
      winston.format.json({ bigint: true }),
    ),
    transports: [new winston.transports.Stream({ stream })],
  });
  const make = (own: Fields): Log => {
    const write =
      (at: string) =>
      (message: string, fields: Fields = {}): void => {
        logger.log(at, message, { ...own, ...plain(fields) });
      };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => make({ ...own, ...fields }),
    };
  };
  return make(base);
};

// The log of a process: one line after the other on stdout.
export const stdoutLog = (base: Fields = {}): Log => createLog((line) => void process.stdout.write(`${line}\n`), base);
