// The reader that stands in for the browser's own, on a picture as a phone takes it: tilted, uneven light, grain.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { read } from '../src/phone/qr'
import { tagIn } from '../src/phone/tag'

/** A grey picture (PGM, P5) as a canvas would give it. */
function picture(path: string): { data: Uint8ClampedArray<ArrayBuffer>; width: number; height: number } {
  const bytes = readFileSync(path)
  const [, width = 0, height = 0] = bytes.subarray(0, 15).toString('latin1').split(/\s+/).map(Number)
  const grey = bytes.subarray(bytes.length - width * height)
  const data = new Uint8ClampedArray(width * height * 4)
  grey.forEach((value, i) => data.set([value, value, value, 255], 4 * i))
  return { data, width, height }
}

it('reads the tag of a home in a tilted, dim and grainy picture', () => {
  const seen = read(picture('tests/home-tag.pgm'))
  expect(seen).toMatch(/^https:\/\/yinling\.example\/phone\/\?tag=12\.1\./)
  expect(tagIn(seen ?? '')).toBe(`12.1.${'ab12'.repeat(10)}`)
})

it('finds nothing where there is nothing', () => {
  expect(read({ data: new Uint8ClampedArray(200 * 200 * 4).fill(200), width: 200, height: 200 })).toBeUndefined()
})
