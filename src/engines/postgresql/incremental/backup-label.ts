// backup_label: where a copy begins, and which older one it builds on. Pure.
import { EngineError } from '../../engine.ts';
import { lsnBytes, lsnText } from '../../../api/lsn.ts';

export type Place = { timeline: number; lsn: bigint };

export type BackupLabel = {
  start: Place;
  // Where the copy begins that this one builds on. Absent: it stands alone.
  parentStart?: Place;
};

const lineOf = (text: string, name: string): string | undefined => new RegExp(`^${name}: (\\S+)`, 'm').exec(text)?.[1];

const place = (text: string, lsnName: string, timelineName: string): Place | undefined => {
  const lsn = lineOf(text, lsnName);
  const timeline = lineOf(text, timelineName);
  if (lsn === undefined && timeline === undefined) {
    return undefined;
  }
  if (lsn === undefined || !/^[0-9A-F]+\/[0-9A-F]+$/i.test(lsn) || timeline === undefined || !/^[1-9]\d*$/.test(timeline)) {
    throw new EngineError(
      'VerificationFailed',
      `A backup_label says ${lsnName} "${lsn}" and ${timelineName} "${timeline}". It is damaged.`,
    );
  }
  return { lsn: lsnBytes(lsn), timeline: Number(timeline) };
};

// Throws VerificationFailed for what is no label.
export const readBackupLabel = (content: Buffer): BackupLabel => {
  const text = content.toString('utf8');
  const start = place(text, 'START WAL LOCATION', 'START TIMELINE');
  if (start === undefined) {
    throw new EngineError('VerificationFailed', 'A backup_label does not say where the copy begins. It is damaged.');
  }
  const parentStart = place(text, 'INCREMENTAL FROM LSN', 'INCREMENTAL FROM TLI');
  return { start, ...(parentStart === undefined ? {} : { parentStart }) };
};

// The label of the joined copy: it no longer builds on anything. With those lines a server refuses to start.
export const asStandingAlone = (content: Buffer): Buffer =>
  Buffer.from(content.toString('latin1').replaceAll(/^INCREMENTAL FROM (?:LSN|TLI): .*\n/gm, ''), 'latin1');

export const samePlace = (a: Place, b: Place): boolean => a.timeline === b.timeline && a.lsn === b.lsn;

export const placeText = ({ timeline, lsn }: Place): string => `${lsnText(lsn)} of timeline ${timeline}`;
