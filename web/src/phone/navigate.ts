// Hands the way over to a map, to each in the datum it speaks. https forms open in any browser, without the app, too.
import { bd09, gcj02, type Point } from './geo'

export type MapName = 'amap' | 'baidu' | 'apple' | 'other'

const pair = ({ lat, lon }: Point): string => `${lat.toFixed(6)},${lon.toFixed(6)}`

export function waysTo(place: Point, name: string): { map: MapName; href: string }[] {
  const amap = new URLSearchParams({
    position: `${place.lon.toFixed(6)},${place.lat.toFixed(6)}`,
    name,
    coordinate: 'wgs84', // it converts itself
    callnative: '1',
    src: 'yinling',
  })
  const baidu = new URLSearchParams({ location: pair(bd09(gcj02(place))), title: name, content: name, coord_type: 'bd09ll', output: 'html', src: 'yinling' })
  const apple = new URLSearchParams({ daddr: pair(gcj02(place)), q: name })
  return [
    { map: 'amap', href: `https://uri.amap.com/marker?${amap}` },
    { map: 'baidu', href: `https://api.map.baidu.com/marker?${baidu}` },
    { map: 'apple', href: `https://maps.apple.com/?${apple}` },
    { map: 'other', href: `geo:${pair(place)}?q=${pair(place)}(${encodeURIComponent(name)})` },
  ]
}

export const dial = (phone: string): string => `tel:${phone.replace(/[^\d+]/g, '')}`
