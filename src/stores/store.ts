// What Holdfast asks of a place that keeps objects. One conformance suite (test/stores) holds every store to it.
//
// A store is write-once: nothing here can replace an object. Keys are relative to the repository's prefix.
// Removing has one user: the safety copies of restores (archive/recovery/safety/remove-copy.ts). What backups are made of is never removed.

export type ObjectInfo = {
  readonly key: string;
  readonly sizeBytes: number;
  // In lists: what tells one version of the object from another, where the store says so (ETag, time of change). It proves nothing of the bytes.
  readonly tag?: string;
};

// `created: false`: an object of that key was there already, and stays as it is.
export type PutResult = { readonly created: boolean };

// One object being written. Nobody sees it before `finish` has said that it is durable.
export type Upload = {
  // Takes bytes in order and of any size; resolves when there is room for more. The caller must not change the chunk before that.
  write(chunk: Uint8Array): Promise<void>;
  // Makes the object durable and visible at once, or says that the key was taken (then nothing is left behind).
  finish(): Promise<PutResult>;
  // Forgets what was written, parts included. Safe at any time, also after a failed write or finish.
  abort(): Promise<void>;
};

export type Space = { readonly capacityBytes: number; readonly freeBytes: number };

export type Range = { readonly start: number; readonly end: number };

export type Store = {
  readonly kind: 'directory' | 's3';
  // For people and logs, such as `s3://bucket/shop/shop`. Holds no secret.
  readonly description: string;
  // Writes a small object at once.
  put(key: string, body: Uint8Array): Promise<PutResult>;
  // Starts a large object. `onDurable` is told how many bytes of it the store has acknowledged so far.
  upload(key: string, options?: { signal?: AbortSignal; onDurable?: (bytes: number) => void }): Promise<Upload>;
  // Reads a small object whole. Throws ObjectMissing, or ObjectTooLarge above `maxBytes`.
  get(key: string, maxBytes: number): Promise<Buffer>;
  // Streams an object, or the bytes start..end-1 of it, in chunks of at least a few KiB. Throws ObjectMissing.
  read(key: string, options?: { range?: Range; signal?: AbortSignal }): AsyncIterable<Buffer>;
  head(key: string): Promise<ObjectInfo | undefined>;
  // Every object whose key starts with `prefix`, in the order of keys (UTF-8 bytes).
  list(prefix: string, options?: { after?: string }): AsyncIterable<ObjectInfo>;
  // Forgets uploads under a folder, such as `data/x/1/`, that were begun and never finished: their writer is gone.
  sweep(folder: string): Promise<void>;
  // Uploads under a folder, or everywhere (''), that were begun before an instant and never finished.
  unfinished(folder: string, before: Date): Promise<number>;
  // Removes an object; one that is not there is no error. Who may write may not always remove: AccessDenied.
  remove(key: string): Promise<void>;
  // Size of the volume and what is free on it, where that is known, else undefined.
  space(): Promise<Space | undefined>;
  // Lets go of sockets. The store is not used afterwards.
  close(): Promise<void>;
};

// How to reach a store. `directory` is an absolute path; secrets are files, read when they are needed.
export type StoreLocation =
  | { readonly kind: 'directory'; readonly directory: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      readonly prefix: string;
      readonly region: string;
      readonly endpoint?: string;
      readonly forcePathStyle: boolean;
      // A folder with the files accessKeyId, secretAccessKey and perhaps sessionToken. Without it: the SDK's own chain (workload identity).
      readonly credentialsDirectory?: string;
      // A file of PEM certificates.
      readonly caFile?: string;
    };
