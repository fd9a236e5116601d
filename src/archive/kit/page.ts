// The page of the recovery kit, for somebody who has the store, the identity, and nothing else. It is stored as it stands here; `script` is the name of the script beside it.
export const kitPage = (script: string): string => `HOW TO GET THE DATA BACK, WITHOUT KUBERNETES AND WITHOUT HOLDFAST

You need
  - this store: a copy of the folder, or of everything below the prefix of the bucket, that holds holdfast.json;
  - identity.txt, out of the safe;
  - a machine with age, zstd, tar, and PostgreSQL in the version of the backup. On Debian: apt install age zstd postgresql.
Be a user who is not root: PostgreSQL does not run as root.

In the copy of the store:

  sh kit/${script} list                                             which backups there are, and up to when
  sh kit/${script} check latest                                     is it whole?
  sh kit/${script} physical latest /path/identity.txt /path/restored

The last line that it prints starts the server. "latest" may be the name of any backup that list shows.

Single databases, or another version of PostgreSQL: take the dumps.

  sh kit/${script} dumps latest /path/identity.txt /path/dumps
  psql --dbname=postgres --file=/path/dumps/globals.sql             roles first; "already exists" is no harm
  pg_restore --create --dbname=postgres /path/dumps/<database>.dump

To a point in time, where wal/ has the WAL of that server: restore the newest backup before that time as above, do not start it, and
write these lines at the end of /path/restored/postgresql.auto.conf (LINEAGE is the name of the folder below wal/):

  restore_command = 'STORE=/path/store sh /path/store/kit/${script} wal LINEAGE /path/identity.txt %f "%p"'
  recovery_target_time = '2026-11-22 14:03:07+01'
  recovery_target_action = 'promote'

Where wal/LINEAGE/marks has several folders, the server was set back or replaced once, and PostgreSQL would follow the highest number. The times in
the names of the files there say which one it was on when. Add the number of the folder (hexadecimal there, decimal here):

  recovery_target_timeline = '1'

then: touch /path/restored/recovery.signal, and start it. Its log says "recovery stopping before commit ..." where it stopped. Where it says
"recovery ended before configured recovery target was reached", nothing was committed behind that time: take recovery_target_time away, and start
it again. Take restore_command away once it runs.

Whose backup is it? Anybody may have put files here. With the verification key (a comment in identity.txt) as a file:

  { echo '-----BEGIN PUBLIC KEY-----'; echo '<the key>'; echo '-----END PUBLIC KEY-----'; } >key.pem
  VERIFICATION_KEY=key.pem sh kit/${script} check latest

The digest of this page and of the script stand in their names: sha256sum kit/* begins with them. A copy that was restored does not act on the
world of its original: the end of postgresql.auto.conf says what was switched off.

By hand, without the script: each attempt has a key, which the identity opens; that key opens the data.

  age -d -i identity.txt keys/<backup>.<component>.<attempt>/*.age >key
  cat data/<backup>/<component>/<attempt>/base.tar.zst.age.* | age -d -i key | zstd -d | tar -x -C restored
`;
