#!/usr/bin/env node
import process from 'node:process';
import { cli } from './cli.ts';
import { terminal } from './terminal.ts';

process.exitCode = await cli(process.argv.slice(2), terminal());
