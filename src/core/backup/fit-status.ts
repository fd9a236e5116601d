// A status stays under 32 KiB: etcd, every list and every watch carry it.
import type { BackupStatus } from '../../api/backup.ts';
import { cut } from '../plan/conditions.ts';

const mostBytes = 32 * 1024 - 1;
const lengths = [1024, 512, 256, 128];
const shortest = 64;

const bytesOf = (status: BackupStatus): number => new TextEncoder().encode(JSON.stringify(status)).length;

// Cuts messages, and nothing else, until the status is small enough. Cutting again what was cut changes nothing.
export const fitStatus = (status: BackupStatus): BackupStatus => {
  if (bytesOf(status) <= mostBytes) {
    return status;
  }
  const most = lengths.find((length) => bytesOf(limited(status, length)) <= mostBytes) ?? shortest;
  return limited(status, most);
};

const limited = (status: BackupStatus, most: number): BackupStatus => {
  const short = <T extends { message?: string | undefined }>(each: T): T =>
    each.message === undefined ? each : { ...each, message: cut(each.message, most) };
  const { conditions, components, tiers, check } = status;
  return {
    ...status,
    ...(conditions === undefined ? {} : { conditions: conditions.map(short) }),
    ...(components === undefined ? {} : { components: components.map(short) }),
    ...(tiers === undefined ? {} : { tiers: tiers.map(short) }),
    ...(check === undefined ? {} : { check: short(check) }),
  };
};
