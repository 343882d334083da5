import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'
import { aptInstall, findOnPath } from '../installed.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    chromium: string | undefined
  }
}

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome']

/** Finds Chromium for a test run (vitest's globalSetup), and what makes it trust a certificate authority; installs them where it can, else says loudly what is not tested. */
export default function setup(project: TestProject): void {
  const browser = findBrowser() ?? (installBrowser() ? findBrowser() : undefined)
  const trusts = findOnPath('certutil') !== undefined || (aptInstall('libnss3-tools') && findOnPath('certutil') !== undefined)
  if (!browser || !trusts)
    process.stderr.write(`\n${browser ? 'certutil (of libnss3-tools)' : 'Chromium'} is NOT here: no test runs in a real browser\n\n`)
  project.provide('chromium', trusts ? browser : undefined)
}

/** This machine's own, or the one that Playwright keeps. */
function findBrowser(): string | undefined {
  const own = NAMES.map(findOnPath).find((path) => path !== undefined)
  return own ?? (existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined)
}

function installBrowser(): boolean {
  if (aptInstall('chromium')) return true
  const playwright = join(import.meta.dirname, '..', '..', 'node_modules', 'playwright-core', 'cli.js')
  process.stderr.write('tests: Chromium is not here, fetching it\n')
  return spawnSync(process.execPath, [playwright, 'install', 'chromium'], { stdio: 'ignore' }).status === 0
}
