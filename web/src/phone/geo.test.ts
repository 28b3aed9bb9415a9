// Known points of the three datums, as other converters give them.
import { describe, expect, it } from 'vitest'
import { bd09, gcj02, metresBetween } from './geo'
import { waysTo } from './navigate'

const BEIJING = { lat: 39.915, lon: 116.404 }

describe('datums', () => {
  it.each([
    [{ lat: 31.1774276, lon: 121.5272106 }, { lat: 31.17530398364597, lon: 121.531541859215 }],
    [{ lat: 22.543847, lon: 113.912316 }, { lat: 22.540796131694766, lon: 113.9171764808363 }],
    [{ lat: 39.911954, lon: 116.377817 }, { lat: 39.91334545536069, lon: 116.38404722455657 }],
    [BEIJING, { lat: 39.91640428150164, lon: 116.41024449916938 }],
  ])('shifts %o as the state does', (place, known) => {
    expect(metresBetween(gcj02(place), known)).toBeLessThan(0.1)
  })
  it('turns once more for Baidu', () => {
    expect(metresBetween(bd09(BEIJING), { lat: 39.92133699351021, lon: 116.41036949371029 })).toBeLessThan(0.1)
  })
  it('leaves places abroad alone', () => {
    expect(gcj02({ lat: 37.5, lon: 139.7 })).toEqual({ lat: 37.5, lon: 139.7 })
  })
})

it('hands each map the place in its own datum', () => {
  const ways = Object.fromEntries(waysTo(BEIJING, '林桂芬').map(({ map, href }) => [map, href]))
  expect(ways.amap).toContain('position=116.404000%2C39.915000')
  expect(ways.amap).toContain('coordinate=wgs84')
  expect(ways.apple).toContain('39.916404%2C116.410244')
  expect(ways.baidu).toContain('coord_type=bd09ll')
  expect(ways.other).toMatch(/^geo:39\.915000,116\.404000/)
})
