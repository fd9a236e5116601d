// Whether psql or pg_restore failed because the server was away: another attempt may help. By the words of libpq, which has no codes for it. A name that
// nobody knows, a password that is wrong and an error of SQL are a person's to mend.
const away = [
  // It could not be reached.
  /Connection refused|No route to host|Network is unreachable|timeout expired|timed out|Temporary failure in name resolution/,
  // It went away, with TLS and without.
  /closed the connection unexpectedly|connection (has been closed|to server was lost)|no connection to the server|Connection reset by peer/,
  /SSL SYSCALL error|unexpected eof while reading|could not (send data to|receive data from) server/,
  /terminating connection due to/,
  // It is there, and takes nobody now.
  /the database system is (starting up|shutting down|in recovery mode|not (yet )?accepting connections)/,
  /too many clients already|remaining connection slots are reserved/,
];

export const isServerAway = (said: string): boolean => away.some((words) => words.test(said));
