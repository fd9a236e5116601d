// A volume and the store beside it, as the Jobs of a Restore change them: what stands in the data directory, what lies beside it, what is in the store.
import type { ProgressLine } from '../../src/api/agent.ts';
import type { JobRequest } from '../../src/core/jobs/request.ts';
import { isoTime } from '../../src/core/plan/time.ts';

// `room`: for the old data beside the new. `isRestored`: a Restore has ended on it.
export const modelVolume = ({ room, isRestored }: { room: boolean; isRestored: boolean }) => {
  const beside = room ? { aside: 'old', store: '' } : { aside: '', store: 'old' };
  const volume = isRestored ? { data: 'new', ...beside } : { data: 'old', aside: '', store: '' };

  return {
    read: () => ({ ...volume }),

    // What a Job does that ends.
    write({ recover }: JobRequest): void {
      const { mode, directory, copies } = recover ?? {};
      if (mode === 'Restore' && directory?.kind === 'inPlace' && volume.data !== 'new') {
        Object.assign(volume, { data: 'new', ...(volume.data === 'old' ? beside : {}) });
      }
      if (mode === 'Undo' && volume.aside === 'old') {
        Object.assign(volume, { data: 'old', aside: '' });
      }
      if (mode === 'Undo' && volume.store === 'old' && copies !== undefined) {
        Object.assign(volume, { data: 'old', store: '' });
      }
      if (mode === 'Discard') {
        Object.assign(volume, { aside: '', store: copies === undefined ? volume.store : '' });
      }
    },

    // Killed while there is nothing but the copy.
    writeHalf({ recover }: JobRequest): void {
      if (room || recover?.directory?.kind !== 'inPlace') {
        return;
      }
      if (recover.mode === 'Restore' && volume.data === 'old') {
        Object.assign(volume, { data: '', store: 'old' });
      }
      if (recover.mode === 'Undo' && volume.store === 'old' && recover.copies !== undefined) {
        Object.assign(volume, { data: '' });
      }
    },

    // What a result says of the old data, however it ended.
    facts: () => ({
      replaced: volume.data === 'new',
      kept: volume.aside === 'old' || volume.store === 'old',
      ...(volume.store === 'old' ? { copy: { tier: 'local', bytes: 9 } } : {}),
    }),

    // Its first line, which is there before anything is touched.
    says({ recover }: JobRequest, now: number): { progress?: ProgressLine } {
      const copies = recover?.mode === 'Restore' && volume.data === 'old';
      const phase = copies ? 'safety' : recover?.copies === undefined ? undefined : 'check copy';
      return room || phase === undefined ? {} : { progress: { kind: 'progress', time: isoTime(now), phase, bytes: 7 } };
    },

    // Without a way to the store an undo finds nothing but the note where the old data is.
    isBlind: ({ recover }: JobRequest): boolean => recover?.mode === 'Undo' && volume.store === 'old' && recover.copies === undefined,
  };
};
