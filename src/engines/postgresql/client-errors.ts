// From errors of a connection to errors of an engine: which of them a person must mend, and how.
import { EngineError } from '../engine.ts';
import type { EngineErrorCode } from '../engine.ts';

export type Where = { host: string; port: number; database: string; user: string };

type Answer = { code: EngineErrorCode; message: string; retryable?: boolean };

const unreachable = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EPIPE']);

// The library has no code for these.
const unreachableWords = /timeout expired|Query read timeout|Connection terminated|socket disconnected/i;
const untrusted = /certificate|CERT_|altnames|Hostname\/IP/i;

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// Errors that are an engine's already, and aborts, pass as they are.
export const clientError = (error: unknown, where: Where): unknown => {
  if (error instanceof EngineError || (error instanceof Error && error.name === 'AbortError')) {
    return error;
  }
  const { code, message, retryable = false } = answer(codeOf(error), textOf(error), where);
  return new EngineError(code, message, { retryable, cause: error });
};

const answer = (code: string, text: string, where: Where): Answer => {
  const server = `PostgreSQL at ${where.host}:${where.port}`;
  if (unreachable.has(code) || (code === '' && unreachableWords.test(text))) {
    return {
      code: 'SourceUnreachable',
      message: `${server} does not answer (${code || text}). Check connection.host and port, and that the server runs.`,
      retryable: true,
    };
  }
  if (untrusted.test(code) || (!/^[0-9A-Z]{5}$/.test(code) && untrusted.test(text))) {
    return {
      code: 'SourceMisconfigured',
      message: `The certificate of ${server} is not accepted: ${text}. Put the authority that signed it into connection.caSecretRef; with verify-full it must carry the name ${where.host}.`,
    };
  }
  if (/does not support SSL/i.test(text)) {
    return { code: 'SourceMisconfigured', message: `${server} speaks no TLS. Switch it on there (ssl = on), or set connection.sslMode.` };
  }
  return bySqlState(code, text, where, server);
};

const bySqlState = (code: string, text: string, where: Where, server: string): Answer => {
  switch (code) {
    case '28P01':
      return {
        code: 'AuthenticationFailed',
        message: `${server} does not accept the password of "${where.user}". Mend the Secret of credentialsSecretRef.`,
      };
    case '28000':
      return {
        code: /pg_hba/.test(text) ? 'PermissionMissing' : 'AuthenticationFailed',
        message: `${server} refused "${where.user}": ${text}. Add the role, or a line to pg_hba.conf (docs/postgresql.md has both).`,
      };
    case '3D000':
      return { code: 'DatabaseMissing', message: `${server} has no database "${where.database}". Mend connection.database.` };
    case '42501':
      return {
        code: 'PermissionMissing',
        message: `The role "${where.user}" lacks a right at ${server}: ${text}. docs/postgresql.md has the SQL of the roles.`,
      };
    case '53300':
    case '57P03':
      return { code: 'SourceUnreachable', message: `${server} takes no connection now: ${text}.`, retryable: true };
    case '53400':
      return {
        code: 'SourceMisconfigured',
        message: `${server} has reached a limit: ${text}. Raise max_replication_slots or max_wal_senders there.`,
        retryable: true,
      };
    default:
      return { code: 'SourceFailed', message: `${server}: ${text} ${code === '' ? '' : `(${code})`}`.trim(), retryable: true };
  }
};
