// Both languages say the same things, and every key the screens ask for exists.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

interface Words {
  [key: string]: string | Words
}

const SRC = join(__dirname, '../src')
const AREAS = readdirSync(join(SRC, 'locales/zh-CN')).sort()

function words(language: string, file: string): Words {
  return JSON.parse(readFileSync(join(SRC, 'locales', language, file), 'utf8')) as Words
}

/** Every leaf as `path` → text. */
function leaves(node: Words, path = ''): Map<string, string> {
  const found = new Map<string, string>()
  for (const [key, value] of Object.entries(node)) {
    const here = path ? `${path}.${key}` : key
    if (typeof value === 'string') found.set(here, value)
    else for (const [inner, text] of leaves(value, here)) found.set(inner, text)
  }
  return found
}

function holes(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort()
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return sources(path)
    return /\.(vue|ts)$/.test(entry.name) && !/\.(test|d)\.ts$/.test(entry.name) ? [path] : []
  })
}

describe('the words', () => {
  it('are kept in the same files', () => {
    expect(readdirSync(join(SRC, 'locales/en')).sort()).toEqual(AREAS)
  })

  it.each(AREAS)('%s has the same keys and holes in both languages, none empty', (file) => {
    const chinese = leaves(words('zh-CN', file))
    const english = leaves(words('en', file))
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
    for (const [key, text] of chinese) {
      expect(text, key).not.toBe('')
      if (english.get(key) === '{detail}') continue // a refusal: the server's sentence is English and says more
      // English may say a plural twice: "one | many"
      expect([...new Set(holes(english.get(key) ?? ''))], key).toEqual([...new Set(holes(text))])
    }
  })

  it('has every key that a screen asks for', () => {
    const known = new Set(AREAS.flatMap((file) => [...leaves(words('zh-CN', file)).keys()].map((key) => `${file.replace('.json', '')}.${key}`)))
    const missing: string[] = []
    for (const path of sources(SRC)) {
      for (const [, key] of readFileSync(path, 'utf8').matchAll(/(?<![\w$])\$?t\(\s*'([\w.-]+)'/g)) {
        if (key && !known.has(key)) missing.push(`${path.slice(SRC.length + 1)}: ${key}`)
      }
    }
    expect(missing).toEqual([])
  })
})
