// Messages of the streaming replication protocol, inside of copy data: what the server sends, and the answer that moves the slot.

const dataHeaderBytes = 25;
// PostgreSQL counts microseconds since 2000.
const epochMilliseconds = Date.UTC(2000, 0, 1);

export type ServerMessage =
  // WAL from `lsn` on. The bytes are valid only until the handler returns.
  | { readonly kind: 'wal'; readonly lsn: bigint; readonly bytes: Buffer }
  // All up to `sent` has been sent. With `wantsAnswer` the server ends the connection if none comes.
  | { readonly kind: 'keepalive'; readonly sent: bigint; readonly wantsAnswer: boolean }
  | { readonly kind: 'other' };

export const parseMessage = (chunk: Buffer): ServerMessage => {
  if (chunk[0] === 0x77 && chunk.length >= dataHeaderBytes) {
    return { kind: 'wal', lsn: chunk.readBigUInt64BE(1), bytes: chunk.subarray(dataHeaderBytes) };
  }
  if (chunk[0] === 0x6b && chunk.length >= 18) {
    return { kind: 'keepalive', sent: chunk.readBigUInt64BE(1), wantsAnswer: chunk[17] === 1 };
  }
  return { kind: 'other' };
};

// Tells the server what was received and what is durable. Only the second moves the slot.
export const statusMessage = (received: bigint, durable: bigint, nowMilliseconds: number): Buffer => {
  const message = Buffer.alloc(34);
  message[0] = 0x72;
  message.writeBigUInt64BE(received, 1);
  message.writeBigUInt64BE(durable, 9);
  // "Applied" speaks of queries on a standby, which we have none of.
  message.writeBigUInt64BE(durable, 17);
  message.writeBigInt64BE(BigInt(Math.trunc(nowMilliseconds - epochMilliseconds)) * 1000n, 25);
  return message;
};
