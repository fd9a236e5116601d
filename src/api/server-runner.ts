// How the agent has a server run that lives in another container: a shell script there, and files in a folder that both see.
// The agent numbers its runs from 1. It writes `input-N`, then `start-N` (one argument a line), and `signal-N` (INT, QUIT or TERM) later.
// The script writes `version` first, then `output-N` as it comes, and `exit-N` (the exit code) at last.

export const runnerFiles = (directory: string, run: number) => {
  const at = (name: string): string => `${directory}/${name}-${run}`;
  return { input: at('input'), start: at('start'), signal: at('signal'), output: at('output'), exit: at('exit') };
};

// What `postgres --version` says there. Empty: there is none.
export const runnerVersionFile = (directory: string): string => `${directory}/version`;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

// The script, for `sh -c`. Nothing but sh, cat, mv, rm and sleep is needed. It ends when it is told to (TERM), and takes its server with it.
export const serverRunnerScript = ({ directory, major }: { directory: string; major: number }): string => `umask 077
export LC_ALL=C TZ=UTC
at=${quoted(directory)}

leave() {
  for file in "$at"/pid-*; do
    [ ! -f "$file" ] || kill -QUIT "$(cat "$file")" 2>/dev/null
  done
  exit 0
}
trap leave TERM INT HUP

program='' version=''
for candidate in "$(command -v postgres)" /usr/lib/postgresql/${major}/bin/postgres /usr/pgsql-${major}/bin/postgres /opt/bitnami/postgresql/bin/postgres; do
  [ -x "$candidate" ] || continue
  said=$("$candidate" --version 2>/dev/null) || continue
  case $said in
    *'(PostgreSQL) ${major}' | *'(PostgreSQL) ${major}'[!0-9]*)
      program=$candidate version=$said
      break
      ;;
  esac
  # Of another major than the policy says: the agent compares it with the backup.
  [ -n "$version" ] || program=$candidate version=$said
done
printf '%s\\n' "$version" >"$at/version.part"
mv -f "$at/version.part" "$at/version"

# Runs it to its end. The number of the process is that of the server itself.
begin() {
  set --
  while IFS= read -r line; do set -- "$@" "$line"; done <"$at/start-$run"
  sh -c 'echo $$ >"$0.part" && mv -f "$0.part" "$0" && exec "$@"' "$at/pid-$run" "$program" "$@" <"$at/input-$run" >"$at/output-$run" 2>&1
  echo $? >"$at/exit-$run.part"
  rm -f "$at/pid-$run"
  mv -f "$at/exit-$run.part" "$at/exit-$run"
}

# What an earlier life of this script had begun is over.
for file in "$at"/taken-*; do
  [ ! -f "$file" ] || [ -f "$at/exit-\${file##*-}" ] || echo 137 >"$at/exit-\${file##*-}"
done

run=1
while :; do
  if [ -f "$at/exit-$run" ]; then
    run=$((run + 1))
    continue
  fi
  if [ -f "$at/taken-$run" ]; then
    if [ -f "$at/signal-$run" ] && [ -f "$at/pid-$run" ]; then
      mv -f "$at/signal-$run" "$at/signalled-$run"
      kill "-$(cat "$at/signalled-$run")" "$(cat "$at/pid-$run")" 2>/dev/null
    fi
  elif [ -f "$at/start-$run" ]; then
    : >"$at/taken-$run"
    begin &
  fi
  sleep 0.05 2>/dev/null || sleep 1
done
`;
