// The limit: pg_basebackup alone, compressed by itself, into a file. Nobody who copies a server through the replication protocol is faster.
import { program } from '../../test/engines/toolbox.ts';
import { measure } from '../common/measure.ts';
import type { Contestant } from '../common/contestant.ts';
import { storedIn } from '../common/stored.ts';

const script = `"$0" --host="$2" --port="$3" --username=postgres --pgdata=- --format=tar --wal-method=fetch --checkpoint=fast \
  --manifest-checksums=CRC32C --compress=client-zstd:level=3,workers=2 >"$1/base.tar.zst" && sync "$1/base.tar.zst" "$1"`;

export const limit: Contestant = {
  name: 'limit',
  target: 'directory',
  async run({ server, directory }) {
    const measured = await measure({
      words: ['bash', '-c', script, program('pg_basebackup'), directory, '127.0.0.1', String(server.port)],
    });
    return { ...measured, stored: await storedIn(directory) };
  },
};
