// The members of an increment's archive, put to their places while they stream by.
import { EngineError } from '../../engine.ts';
import { isIncrement, targetOf } from './increment-header.ts';
import { isInside, readable } from './names.ts';
import { openTarget } from './target.ts';
import type { Target } from './target.ts';
import { labelName } from './target-label.ts';
import type { MemberSink, TarMember } from './tar-reader.ts';
import { readTar } from './tar-reader.ts';
import { unfinishedName } from './unfinished.ts';

export const manifestName = 'backup_manifest';

export type Incoming = {
  label: Buffer;
  manifest: Buffer;
  // Members as they were named and as long as they were.
  members: ReadonlyMap<string, number>;
  // What the directory holds of them now, with bytes.
  files: Map<string, number>;
  directories: ReadonlySet<string>;
  patched: number;
};

type Progress = {
  label?: Buffer;
  manifest?: Buffer;
  members: Map<string, number>;
  files: Map<string, number>;
  directories: Set<string>;
  patched: number;
};

// The label is the first member. Nothing is changed before `onLabel` has seen it, and nothing at all where that throws.
export const takeMembers = async (
  archive: AsyncIterable<Buffer>,
  directory: string,
  onLabel: (label: Buffer) => void,
): Promise<Incoming> => {
  const target = openTarget(directory);
  const progress: Progress = { members: new Map(), files: new Map(), directories: new Set(), patched: 0 };
  await readTar(archive, (member) => {
    refuseStrange(member);
    return placeMember({ target, progress, onLabel }, member);
  });
  const { label, manifest } = progress;
  if (label === undefined || manifest === undefined) {
    throw damaged(`has no ${label === undefined ? labelName : manifestName}`);
  }
  return { ...progress, label, manifest };
};

const damaged = (why: string): EngineError => new EngineError('VerificationFailed', `The archive of an increment ${why}. It is damaged.`);

const refuseStrange = ({ path, kind, bytes }: TarMember): void => {
  // The map is there without tablespaces, too, and empty.
  if ((path === 'tablespace_map' && bytes > 0) || path.startsWith('pg_tblspc/')) {
    throw new EngineError(
      'TablespacesUnsupported',
      `The increment holds the tablespace ${readable(path)}, which cannot be applied in place.`,
    );
  }
  const isRoot = kind === 'directory' && path === '';
  if (kind === 'link' || path === unfinishedName || !(isRoot || isInside(path))) {
    throw damaged(`has the member "${readable(path)}", which no server writes`);
  }
};

type Taking = { target: Target; progress: Progress; onLabel: (label: Buffer) => void };

const placeMember = ({ target, progress, onLabel }: Taking, { path, kind, bytes, mode }: TarMember): MemberSink => {
  const { members, files, directories } = progress;
  if (kind === 'directory' && path === '') {
    return nothing;
  }
  if (progress.label === undefined && path !== labelName) {
    throw damaged(`begins with ${readable(path)}, not with its ${labelName}`);
  }
  if (kind === 'directory') {
    directories.add(path);
    target.makeDirectory(path, mode);
    return nothing;
  }
  members.set(path, bytes);
  if (path === labelName) {
    return collect((content) => {
      onLabel(content);
      progress.label = content;
    });
  }
  if (path === manifestName) {
    return collect((content) => {
      progress.manifest = content;
    });
  }
  if (isIncrement(path)) {
    progress.patched += 1;
    return target.patch(targetOf(path), { name: path, bytes }, (size) => files.set(targetOf(path), size));
  }
  files.set(path, bytes);
  return target.replace(path, mode);
};

const nothing: MemberSink = { write: () => undefined, end: () => undefined, close: () => undefined };

const collect = (take: (content: Buffer) => void): MemberSink => {
  const parts: Buffer[] = [];
  return { write: (part) => void parts.push(part), end: () => take(Buffer.concat(parts)), close: () => undefined };
};
