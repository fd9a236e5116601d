// Bytes that a process has received from the API server, TLS and all, by the kernel's counters of its sockets.
import { execFileSync } from 'node:child_process';

export type Traffic = { bytesReceived(): number; stop(): void };

// A socket that nobody uses is closed after four seconds: until then its last count is seen.
const sampleMilliseconds = 1000;

export const countTraffic = (pid: number, port: number): Traffic => {
  const sockets = new Map<string, number>();
  const sample = (): void => {
    const lines = execFileSync('ss', ['-tinpOH', 'dport', '=', `:${port}`], { encoding: 'utf8' }).split('\n');
    for (const line of lines.filter((each) => each.includes(`pid=${pid},`))) {
      const local = line.split(/\s+/)[3] ?? '';
      sockets.set(local, Number(/bytes_received:(\d+)/.exec(line)?.[1] ?? 0));
    }
  };
  const timer = setInterval(sample, sampleMilliseconds);
  return {
    bytesReceived() {
      sample();
      return [...sockets.values()].reduce((sum, bytes) => sum + bytes, 0);
    },
    stop: () => clearInterval(timer),
  };
};
