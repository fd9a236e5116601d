// zstd for small documents in memory. Large streams are compressed by the tools that make them: raw bytes of those never pass through this process.
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

export const compressDocument = (content: Uint8Array): Buffer => zstdCompressSync(content);

export const decompressDocument = (content: Uint8Array, maxBytes: number): Buffer =>
  zstdDecompressSync(content, { maxOutputLength: maxBytes });
