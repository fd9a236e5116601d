// The restore_command: a shell script over a spool folder, so that nothing but sh is needed while the server replays.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

// Where the script and whoever fills the spool meet. Names in `wanted` are asked for; a file in `ready` is whole; a name in `absent` is proven not to exist.
export type Spool = { directory: string; wanted: string; ready: string; absent: string; failed: string; script: string };

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

// Exit 1 tells PostgreSQL that the file does not exist, and it goes on without it: only where that is proven. Not there yet: wait.
// Anything else is 200, at which it stops: with 1 it would open with less and say nothing.
const page = ({ directory }: Pick<Spool, 'directory'>, feeder: number | undefined): string => `#!/bin/sh
# restore_command of a restore by Holdfast. usage: restore-command FILE TARGET
spool=${quoted(directory)}
[ $# = 2 ] || exit 200
printf '' >"$spool/wanted/$1" || exit 200
while :; do
  if [ -f "$spool/ready/$1" ]; then
    mv -f "$spool/ready/$1" "$2" && rm -f "$spool/wanted/$1" && exit 0
    exit 200
  fi
  if [ -f "$spool/absent/$1" ]; then
    rm -f "$spool/absent/$1" "$spool/wanted/$1" && exit 1
    exit 200
  fi
  [ ! -f "$spool/failed" ] || exit 200
  # Whoever fills the spool is gone: nothing will come.
  [ -d "$spool/wanted" ] || exit 200
${
  feeder === undefined
    ? ''
    : `  [ -d /proc/self ] && [ ! -d ${quoted(`/proc/${feeder}`)} ] && exit 200
`
}  sleep 0.02 2>/dev/null || sleep 1
done
`;

// `feeder`: the process that fills it, where the server runs among the same processes: it learns of its death then.
export const makeSpool = async (directory: string, feeder?: number): Promise<Spool> => {
  const at = (name: string): string => join(directory, name);
  const spool: Spool = {
    directory,
    wanted: at('wanted'),
    ready: at('ready'),
    absent: at('absent'),
    failed: at('failed'),
    script: at('restore-command'),
  };
  for (const folder of [directory, spool.wanted, spool.ready, spool.absent]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  }
  await writeFile(spool.script, page(spool, feeder));
  await chmod(spool.script, 0o700);
  return spool;
};

// For the setting: %f and %p are PostgreSQL's. A shell that cannot even read the script ends with 2, which PostgreSQL would take for a missing file.
export const restoreCommand = ({ script }: Spool): string =>
  `sh ${quoted(script)} "%f" "%p"; code=$?; [ $code -le 1 ] && exit $code; exit 200`.replaceAll(/%(?![fp]")/g, '%%');
