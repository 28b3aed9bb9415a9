// Hands the way over to a map: AMap's https form works in any browser and converts WGS-84 itself.
export function wayTo(place: { lat: number; lon: number }, name: string): string {
  const asked = new URLSearchParams({
    position: `${place.lon.toFixed(6)},${place.lat.toFixed(6)}`,
    name,
    coordinate: 'wgs84',
    callnative: '1',
    src: 'yinling',
  })
  return `https://uri.amap.com/marker?${asked}`
}

export const dial = (phone: string): string => `tel:${phone.replace(/[^\d+]/g, '')}`
