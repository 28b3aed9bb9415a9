// The edge of a fence as a line on the map.
export type Area = { shape: 'circle'; lat: number; lon: number; radius_m: number } | { shape: 'polygon'; points: [number, number][] }

const METRES = 111_195

export function ring(area: Area): [number, number][] {
  if (area.shape === 'polygon') {
    const path = area.points.map(([lat, lon]): [number, number] => [lon, lat])
    return [...path, ...path.slice(0, 1)]
  }
  const east = METRES * Math.cos((area.lat * Math.PI) / 180)
  return Array.from({ length: 49 }, (_, i): [number, number] => {
    const angle = (i / 48) * 2 * Math.PI
    return [area.lon + (Math.cos(angle) * area.radius_m) / east, area.lat + (Math.sin(angle) * area.radius_m) / METRES]
  })
}
