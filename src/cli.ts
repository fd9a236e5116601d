#!/usr/bin/env node
// kubectl-holdfast: reads the arguments, runs one command, ends with its exit code.
import { processIo } from './commands/common/io.ts';
import { runProgram } from './commands/program.ts';

process.exitCode = await runProgram(process.argv.slice(2), processIo());
// A stuck socket must not keep a finished command alive.
setTimeout(() => process.exit(), 2000).unref();
