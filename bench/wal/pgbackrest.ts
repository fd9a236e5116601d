// pgBackRest's asynchronous archive-push: called for one segment after the other, as the server's archiver does, while two processes push ahead.
import type { Contestant, Target } from '../common/contestant.ts';
import { measure } from '../common/measure.ts';
import { asServer, makeStanza, pgbackrestParameters } from '../common/pgbackrest.ts';
import { repositoryOf } from '../common/plans.ts';
import { storedIn } from '../common/stored.ts';
import { makeReady, readSegments } from './backlog.ts';

// A segment is done when the command says so: what the archiver does itself is the renaming.
export const archiver = `
set -eu
wal=$0
parameters=$1
shift
for segment in "$@"; do
  pgbackrest $parameters archive-push "$wal/$segment"
  mv "$wal/archive_status/$segment.ready" "$wal/archive_status/$segment.done"
done`;

export const pgbackrest = (target: Target): Contestant => ({
  name: 'pgbackrest',
  target,
  async run(turn) {
    const { server } = turn;
    const segments = await readSegments(server);
    await makeReady(server, segments);
    const configuration = await makeStanza(target, false, turn);
    const parameters = pgbackrestParameters(configuration).join(' ');
    const measured = await measure({
      words: asServer(['bash', '-c', archiver, `${server.dataDirectory}/pg_wal`, parameters, ...segments]),
    });
    return { ...measured, stored: await storedIn(repositoryOf(target, turn)) };
  },
});
