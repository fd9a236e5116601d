// A folder with settings of notifications as the chart would mount them, and a log that a test can read.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createLog } from '../../src/telemetry/log.ts';
import { makeCertificates } from '../stores/certificates.ts';
import type { Certificates } from '../stores/certificates.ts';
import { password, user } from './mail-server.ts';

export type Folder = Awaited<ReturnType<typeof makeFolder>>;

export const makeFolder = async () => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-notify-'));
  const path = (name: string): string => join(directory, name);
  const certificates: Certificates = await makeCertificates(directory);
  writeFileSync(path('password'), `${password}\n`);
  return {
    certificates,
    path,
    write: (name: string, text: string): void => writeFileSync(path(name), text),
    settings: (value: object): string => {
      writeFileSync(path('notify.yaml'), stringify(value));
      return path('notify.yaml');
    },
    smtp: (port: number, more: object = {}) => ({
      host: '127.0.0.1',
      port,
      caFile: certificates.caFile,
      user,
      passwordFile: path('password'),
      from: 'Holdfast <holdfast@example.org>',
      ...more,
    }),
    remove: (): void => rmSync(directory, { recursive: true, force: true }),
  };
};

export const memoryLog = () => {
  const lines: string[] = [];
  return { lines, log: createLog((line) => void lines.push(line), {}, 'info') };
};
